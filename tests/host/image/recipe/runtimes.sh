# Several R in /opt/R/X.Y.Z and several Python in /opt/python/X.Y.Z: real ones,
# out of the packages of several Debian releases. Each brings the libraries and
# the loader of its own release, found through the program's RPATH and
# interpreter, so that nothing of them reaches the processes it starts.
# shellcheck shell=bash disable=SC2154

runtime_suites='bullseye bookworm trixie'

runtimes() {
    local suite store
    for suite in $runtime_suites; do
        store=$cache/runtimes/$suite-$(sha256sum "$here/recipe/runtimes.sh" | cut -c 1-16).tar
        (
            flock 8
            [ -e "$store" ] || make_runtimes "$suite" "$store" 9>&-
        ) 8>"$cache/.lock-runtimes"
        # A suite that is not to be had leaves the host with fewer versions; a test counts them.
        if [ -s "$store" ]; then tar -C "$root" -xf "$store"; else echo "runtimes_missing_from=$suite" >>"$work/facts"; fi
    done
    try_runtimes
}

make_runtimes() {
    local suite=$1 store=$2 tree=$work/tree-$1 made=$work/opt-$1
    mkdir -p "$(dirname "$store")" "$made/opt/R" "$made/opt/python"
    find "$(dirname "$store")" -name "$suite-*.tar" -delete
    say "  R and Python of $suite"
    if ! debian_tree "$suite" extract r-base-core,python3,libc-bin "$tree"; then
        say "  $suite is not to be had; left out"
        rm -rf --one-file-system "$tree"
        : >"$store"
        return 0
    fi
    make_r "$tree" "$made/opt/R"
    make_python "$tree" "$made/opt/python"
    tar -C "$made" -cf "$store.part" --owner=0 --group=0 opt
    mv "$store.part" "$store"
    rm -rf --one-file-system "$tree" "$made"
}

make_r() {
    local tree=$1 version home
    version=$(sed -n 's/^Version: //p' "$tree/usr/lib/R/library/base/DESCRIPTION")
    home=/opt/R/$version/lib/R
    local at=$2/$version/lib/R
    mkdir -p "$at" "$2/$version/bin"
    cp -a "$tree/usr/lib/R/." "$at/"
    # Debian keeps these elsewhere and links to them.
    rm -rf "${at:?}"/{etc,share,doc,include,site-library}
    cp -a "$tree/etc/R" "$at/etc"
    # What the package's own installation script would make of its template.
    cp "$tree/usr/lib/R/etc/Renviron.ucf" "$at/etc/Renviron"
    sed -i "s|^R_LIBS_SITE=.*|R_LIBS_SITE=\${R_LIBS_SITE-'$home/site-library'}|" "$at/etc/Renviron"
    sed -i '/^R_LIBS_SITE=/d' "$at/etc/Renviron.site"
    # Debian's list of directories holds this host's libraries: those of another release.
    echo "LD_LIBRARY_PATH=\${R_HOME}/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}; export LD_LIBRARY_PATH" >"$at/etc/ldpaths"
    cp -a "$tree/usr/share/R/share" "$at/share"
    mkdir -p "$at/doc" "$at/site-library"
    cp -a "$tree/usr/share/R/doc/COPYRIGHTS" "$at/doc/"
    sed -i -e "s|^R_HOME_DIR=.*|unset RHOME; R_HOME_DIR=$home|" \
        -e "s|^\(R_[A-Z]*_DIR=\)/usr/share/R|\1$home|" "$at/bin/R"
    ln -s ../lib/R/bin/R "$2/$version/bin/R"
    # Rscript was compiled to start /usr/lib/R unless RHOME says otherwise; R forgets it again.
    rm -f "$at/bin/Rscript"
    cp "$tree/usr/bin/Rscript" "$at/bin/exec/Rscript"
    printf '#!/bin/sh\nRHOME=%s exec %s/bin/exec/Rscript "$@"\n' "$home" "$home" >"$at/bin/Rscript"
    chmod 755 "$at/bin/Rscript"
    ln -s ../lib/R/bin/Rscript "$2/$version/bin/Rscript"
    bring_libraries "$tree" "/opt/R/$version/lib/bundled" "$2/$version/lib/bundled" \
        "$at/bin/exec/Rscript" "$at/bin/exec/R" -- \
        "$at"/lib/*.so "$at"/modules/*.so "$at"/library/*/libs/*.so
}

make_python() {
    local tree=$1 short version
    short=$(basename "$(readlink "$tree/usr/bin/python3")")
    # It says itself, run with its own loader and libraries.
    version=$(PYTHONHOME=$tree/usr "$tree/$(loader_of "$tree")" --library-path "$(library_path "$tree")" \
        "$tree/usr/bin/$short" -c 'import platform; print(platform.python_version())')
    local at=$2/$version
    mkdir -p "$at/bin" "$at/lib"
    cp -a "$tree/usr/bin/$short" "$at/bin/"
    ln -s "$short" "$at/bin/python3"
    cp -a "$tree/usr/lib/$short" "$at/lib/"
    find "$at/lib" -xtype l -delete
    mkdir -p "$at/lib/python3/dist-packages"
    bring_libraries "$tree" "/opt/python/$version/lib/bundled" "$at/lib/bundled" \
        "$at/bin/$short" -- "$at/lib/$short"/lib-dynload/*.so
    # Compiled here, because the people who will run it cannot write there.
    nice "$tree/$(loader_of "$tree")" --library-path "$at/lib/bundled" "$at/bin/$short" -m compileall -q "$at/lib/$short" || true
}

# bring_libraries TREE PLACE DIRECTORY PROGRAM... -- LIBRARY...
# Copies everything these load to DIRECTORY, which will be PLACE, and makes the programs use it.
bring_libraries() {
    local tree=$1 place=$2 dir=$3 programs=() loader path
    shift 3
    while [ "$1" != -- ]; do programs+=("$1"); shift; done
    shift
    loader=$tree/$(loader_of "$tree")
    path=$(library_path "$tree")
    mkdir -p "$dir"
    local file
    for file in "${programs[@]}" "$@"; do
        "$loader" --library-path "$path" --list "$file" 2>/dev/null
    done | sed -n 's/.* => \(\/[^ ]*\) (.*/\1/p' | sort -u | grep -v '/usr/lib/R/lib/' | xargs -r cp -L -t "$dir"
    cp -L "$loader" "$dir/ld.so"
    for file in "${programs[@]}"; do
        # RPATH, not RUNPATH: it also serves the libraries that the program loads later.
        patchelf --set-interpreter "$place/ld.so" --force-rpath --set-rpath "$place" "$file"
    done
}

# Where a tree keeps its libraries.
library_path() {
    local dir dirs=()
    for dir in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu usr/lib/R/lib; do
        [ ! -d "$1/$dir" ] || dirs+=("$1/$dir")
    done
    find "${dirs[@]}" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:
}

loader_of() {
    local name
    for name in usr/lib64 lib64 usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu; do
        if [ -e "$1/$name/ld-linux-x86-64.so.2" ] && [ ! -L "$1/$name" ]; then
            echo "$name/ld-linux-x86-64.so.2"
            return
        fi
    done
}

# Each one really runs in the tree and is the one it says, or the build fails.
try_runtimes() {
    local dir version
    for dir in "$root"/opt/R/*; do
        version=$(basename "$dir")
        in_target "/opt/R/$version/bin/R" --version | grep -F "R version $version "
        in_target "/opt/R/$version/bin/Rscript" -e \
            'cat(R.version.string, R.home(), sum(1:10), solve(matrix(4)), Sys.getenv("RHOME"), .Library.site, "\n")' |
            grep -F "R version $version "
    done
    for dir in "$root"/opt/python/*; do
        version=$(basename "$dir")
        in_target "/opt/python/$version/bin/python3" -c \
            'import ssl, json, sqlite3, sys; print(sys.version.split()[0], sys.prefix)' | grep -F "$version /opt/python/$version"
    done
}

# The versions of R or Python: the distribution's own, then those of /opt.
runtime_versions() {
    if [ "$1" = r ]; then
        sed -n 's/^Version: //p' "$root/usr/lib/R/library/base/DESCRIPTION"
        ls "$root/opt/R"
    else
        in_target python3 -c 'import platform; print(platform.python_version())'
        ls "$root/opt/python"
    fi | xargs
}
