# What every step uses: progress, the log, the key, and running things in the tree.
# shellcheck shell=bash disable=SC2154  # release, cache, work, root, out, log: build's

# Every command of the list "command package", or exit 2 naming what is missing.
require_commands() {
    local command package missing=0
    while read -r command package; do
        if ! command -v "$command" >/dev/null 2>&1 && [ ! -x "/usr/sbin/$command" ]; then
            echo "missing command $command: apt-get install $package" >&2
            missing=1
        fi
    done <"$1"
    [ "$missing" = 0 ] || exit 2
}

# The key of an image: content, names and modes of all that makes it, the release, and qemu's
# version, because a snapshot is only sure to load in the qemu that wrote it.
image_key() {
    {
        (cd "$1" && find build packages recipe files -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
        (cd "$1" && find build packages recipe files -type f -perm -u+x | LC_ALL=C sort)
        echo "$2"
        qemu-system-x86_64 --version | head -n 1
    } | sha256sum | cut -c 1-16
}

# From here on stdout and stderr go to the log; 3 is the answer, 4 the progress.
begin_log() {
    exec 3>&1 4>&2 >"$log" 2>&1
    trap 'clean_up $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    say "building $(basename "$image"); log: $log"
}

end_log() { say "done"; }

say() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&4; printf '[%4ds] === %s\n' "$SECONDS" "$*"; }

step() {
    say "$1"
    shift
    "$@"
}

clean_up() {
    local status=$1
    trap - EXIT
    stop_machine
    rm -rf --one-file-system "$work"
    if [ "$status" != 0 ]; then
        echo "build of $release failed (status $status); the end of $log:" >&4
        tail -n 40 "$log" >&4
    fi
    exit "$status"
}

forget_old_images() {
    local old
    find "$cache" -maxdepth 1 -type d -name "$release-*" -printf '%T@ %p\n' |
        sort -rn | tail -n +3 | cut -d ' ' -f 2- |
        while read -r old; do rm -rf --one-file-system "$old"; done
}

# Runs a command inside the tree with a clean environment.
in_target() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}

# Where this machine takes Debian from, and the two settings without which a
# frozen mirror is refused. Nothing else of its apt configuration is passed on.
debian_sources() {
    local suite=$1 main security
    main=$(apt_site Debian)
    security=$(apt_site Debian-Security)
    [ -n "$main" ] || return 0
    echo "deb $main $suite main"
    case $suite in
        bookworm | trixie)
            if [ -n "$security" ]; then echo "deb $security $suite-security main"; fi ;;
    esac
}

apt_site() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" |
        sort -u | head -n 1
}

apt_options() {
    local name value
    for name in Acquire::Check-Valid-Until Acquire::Check-Date; do
        value=$(apt-config shell v "$name")
        [ -z "$value" ] || echo "--aptopt=$name \"$(eval "$value"; echo "$v")\""
    done
}

# mmdebstrap with this machine's mirror and a shared store of .deb files.
debian_tree() {
    local suite=$1 variant=$2 include=$3 tree=$4 store=$cache/debs/$1 option
    shift 4
    local options=() sources=()
    while read -r option; do options+=("$option"); done < <(apt_options)
    while read -r option; do sources+=("$option"); done < <(debian_sources "$suite")
    mkdir -p "$store"
    store=$store nice mmdebstrap --mode=root --variant="$variant" --include="$include" \
        --skip=download/empty --skip=essential/unlink --skip=cleanup/reproducible "${options[@]}" \
        --setup-hook='mkdir -p "$1/var/cache/apt/archives/partial"; find "$store" -name "*.deb" -exec cp -l -t "$1/var/cache/apt/archives" {} +' \
        --customize-hook='find "$1/var/cache/apt/archives" -maxdepth 1 -name "*.deb" -exec ln -f -t "$store" {} +' \
        "$@" "$suite" "$tree" "${sources[@]}" </dev/null 3>&- 4>&- 9>&-   # it needs low numbers for its own
}
