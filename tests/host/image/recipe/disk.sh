# The tree becomes a disk, without mounting anything.
# shellcheck shell=bash disable=SC2154

disk() {
    mkdir -p "$root"/{proc,sys,dev,run,tmp}
    chmod 1777 "$root/tmp"
    truncate -s 12G "$work/disk.raw"
    nice mke2fs -q -t ext4 -L root -m 1 -O quota -E quotatype=usrquota:grpquota,lazy_itable_init=0 \
        -d "$root" "$work/disk.raw"
    # mke2fs -d does not count what it copies: e2fsck fills in the quota files (1: "corrected").
    e2fsck -fp "$work/disk.raw" || [ $? = 1 ]
    nice qemu-img convert -f raw -O qcow2 "$work/disk.raw" "$out/disk.qcow2"
    rm -f "$work/disk.raw"
    rm -rf --one-file-system "$root"
}
