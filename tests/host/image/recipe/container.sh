# What rootless podman can run without a registry: a tree with busybox in it.
# shellcheck shell=bash disable=SC2154

container() {
    local tree=$work/container
    mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp}
    cp "$root/bin/busybox" "$tree/bin/"
    local name
    for name in sh sleep echo cat id ps dd true; do ln -s busybox "$tree/bin/$name"; done
    echo 'root:x:0:0:root:/:/bin/sh' >"$tree/etc/passwd"
    tar -C "$tree" --owner=0 --group=0 -cf "$root/usr/local/lib/testhost/container.tar" .
}
