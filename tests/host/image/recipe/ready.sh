# First boot, and the snapshot from which every test starts.
# shellcheck shell=bash disable=SC2154

# KVM may be there and not work: what counts is that a guest comes up with it.
first_boot() {
    image_files=$out
    accel=
    if [ -w /dev/kvm ]; then boot_with kvm 60 && accel=kvm; fi
    [ -n "$accel" ] || { boot_with tcg,thread=multi 300 && accel=tcg,thread=multi; }
    [ -n "$accel" ] || { say "the host did not come up"; return 1; }
    echo "${accel%%,*}" >"$out/accel"
    machine_args "$image" "$accel" >"$out/machine.args"
    local state
    state=$(guest systemctl is-system-running --wait || true)
    [ "$state" = running ] || { guest 'systemctl --failed; systemctl list-jobs; journalctl -b -p warning --no-pager'; return 1; }
    say "up with ${accel%%,*}"
    echo "podman_rootless=$(podman_rootless)" >>"$out/manifest"
}

# Whether an ordinary person can run a container here, and if not, why.
podman_rootless() {
    local said
    if said=$(as=lin guest 'podman import /usr/local/lib/testhost/container.tar tried &&
        podman run --rm --network none tried /bin/echo it runs; podman rmi -f tried' 2>&1) &&
        grep -q '^it runs' <<<"$said"; then
        echo yes
    else
        echo "no: $(tail -n 1 <<<"$said")"
    fi
}

boot_with() {
    rm -f "$out/ready.qcow2"
    (cd "$out" && qemu-img create -q -f qcow2 -b disk.qcow2 -F qcow2 ready.qcow2)
    start_machine "$out" "$1" "$out/ready.qcow2"
    wait_for_ssh "$2" || { stop_machine; return 1; }
}

# A small snapshot: caches dropped, free pages zero (qemu stores those as
# nothing), and the files of a login read again so that the first one is quick.
snapshot() {
    guest 'set -e
        sync; echo 3 >/proc/sys/vm/drop_caches
        mkdir /run/fill; mount -t tmpfs -o size=100% fill /run/fill
        free=$(awk "/MemAvailable/ {print int(\$2/1024) - 120}" /proc/meminfo)
        dd if=/dev/zero of=/run/fill/zero bs=1M count=$free
        umount /run/fill; rmdir /run/fill'
    guest true
    # The session is gone; root's user manager stays for ten seconds after it, and whoever resumes
    # and logs in within them need not wait for another.
    sleep 2
    monitor 'savevm ready'
    monitor quit
    wait "$machine_pid" || true
    stop_machine
    say "ready.qcow2: $(du -m "$out/ready.qcow2" | cut -f 1) MB, disk.qcow2: $(du -m "$out/disk.qcow2" | cut -f 1) MB"
}

prove_resume() {
    image_files=$image
    local start
    cp --reflink=auto "$image/ready.qcow2" "$work/copy.qcow2"
    start=$(date +%s%N)
    start_machine "$image" "$accel" "$work/copy.qcow2" -loadvm ready
    wait_for_ssh 60
    say "resumed and answering after $((($(date +%s%N) - start) / 1000000)) ms"
    [ "$(guest systemctl is-system-running)" = running ]
    [ -z "$(guest systemctl list-jobs --no-legend)" ]
    stop_machine
}
