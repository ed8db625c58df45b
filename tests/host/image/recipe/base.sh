# The tree: Debian's packages and nothing else.
# shellcheck shell=bash disable=SC2154

base_system() {
    local include
    include=$(grep -v '^#' "$here/recipe/target-packages" | paste -sd, -)
    # The initramfs must find its configuration before the kernel makes it.
    debian_tree "$release" minbase "$include" "$root" \
        --essential-hook="cd '$here/files' && cp -a --parents etc/initramfs-tools usr/share/initramfs-tools \"\$1\""
    # The image has no network, and this machine's mirror is nobody's business.
    rm -rf "$root"/etc/apt/sources.list* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
    rm -rf "$root"/usr/share/{doc,man,locale,info,lintian}/*
}
