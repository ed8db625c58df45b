# A real JupyterHub: the hub and its servers from PyPI, its proxy from npm.
# Fetched on the building machine, installed offline in the tree.
# shellcheck shell=bash disable=SC2154

proxy_version=4.6.3   # the last that runs on bookworm's Node.js 18

jupyterhub() {
    local python wheels=$cache/wheels list=$here/recipe/jupyterhub-requirements.txt
    python=$(target_python)
    mkdir -p "$wheels"
    find_wheels "$python" "$wheels" "$list"
    mkdir -p "$root/tmp/wheels"
    cp -l "$wheels"/*.whl "$root/tmp/wheels/" 2>/dev/null || cp "$wheels"/*.whl "$root/tmp/wheels/"
    cp "$list" "$root/tmp/wheels/list"
    in_target python3 -m venv --without-pip /opt/jupyterhub
    # pip's wheel can run itself: the tree needs no pip of its own.
    local pip
    pip=$(cd "$root/tmp/wheels" && ls pip-*.whl | head -n 1)
    nice_in_target /opt/jupyterhub/bin/python "/tmp/wheels/$pip/pip" install -q --no-index --no-deps \
        --root-user-action=ignore --find-links /tmp/wheels -r /tmp/wheels/list
    rm -rf "$root/tmp/wheels"
    proxy
    be_patient_with_the_proxy
    mkdir -p "$root/var/lib/jupyterhub"
    chmod 700 "$root/var/lib/jupyterhub"
    {
        echo "jupyterhub=$(sed -n 's/^jupyterhub==//p' "$list")"
        echo "jupyterhub-systemdspawner=$(sed -n 's/^jupyterhub-systemdspawner==//p' "$list")"
        echo "configurable-http-proxy=$proxy_version"
    } >>"$work/facts"
}

target_python() { basename "$(readlink -f "$root/usr/bin/python3")" | sed s/python//; }

nice_in_target() { nice -n 10 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" "$@"; }

# The list is complete, so pip resolves nothing; the wheels stay for the next build.
find_wheels() {
    local platforms=() tag mark
    mark=$2/.complete-$1-$(sha256sum "$3" | cut -c 1-16)
    [ ! -e "$mark" ] || return 0
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_26 manylinux_2_17 manylinux2014 manylinux_2_12 \
        manylinux2010 manylinux_2_5 manylinux1; do platforms+=(--platform "${tag}_x86_64"); done
    nice pip3 download -q --disable-pip-version-check --dest "$2" --no-deps --only-binary=:all: \
        --implementation cp --python-version "$1" "${platforms[@]}" -r "$3"
    touch "$mark"
}

proxy() {
    local modules=$root/usr/local/lib/node_modules store=$cache/npm/configurable-http-proxy-$proxy_version
    if [ ! -d "$store" ]; then
        mkdir -p "$work/npm"
        nice npm install --silent --no-audit --no-fund --ignore-scripts --omit=dev --cache "$cache/npm/cache" \
            --prefix "$work/npm" "configurable-http-proxy@$proxy_version"
        mv -T "$work/npm" "$store" || [ -d "$store" ]
    fi
    mkdir -p "$(dirname "$modules")"
    cp -a --no-preserve=ownership "$store/node_modules" "$modules"
    ln -s ../lib/node_modules/configurable-http-proxy/bin/configurable-http-proxy "$root/usr/local/bin/"
}

# The hub gives its proxy ten seconds to start, and no setting changes that. Node.js
# needs more on an emulated CPU.
be_patient_with_the_proxy() {
    local file
    file=$(ls "$root"/opt/jupyterhub/lib/python3*/site-packages/jupyterhub/proxy.py)
    sed -i -e 's/server\.wait_up(10)/server.wait_up(200)/' -e 's/wait_timeout = 15$/wait_timeout = 210/' "$file"
    grep -q 'wait_up(200)' "$file" && grep -q 'wait_timeout = 210' "$file"
    in_target /opt/jupyterhub/bin/python -m compileall -q "${file#"$root"}"
}
