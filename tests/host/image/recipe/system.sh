# Configuration, which units run, and the host's and the people's ssh keys.
# shellcheck shell=bash disable=SC2154

system_files() {
    cp -a --remove-destination --no-preserve=ownership "$here/files/." "$root/"
    printf testhost | md5sum | cut -c 1-32 >"$root/etc/machine-id"
    rm -f "$root/etc/resolv.conf"
    mkdir -p "$root/var/log/journal" "$root/run/sshd"
    # From OpenSSH 9.8 on, wrong passwords would shut everyone out: all come from one address.
    [ "$release" = bookworm ] ||
        echo 'PerSourcePenalties no' >>"$root/etc/ssh/sshd_config.d/testhost.conf"
    # A test that sets the clock must not wake up every job of the night.
    : >"$root/etc/crontab"
    # Directory people come from libnss-extrausers, after the local ones.
    sed -i -E 's/^(passwd|group|shadow):.*files/& extrausers/' "$root/etc/nsswitch.conf"
    units
    ssh_keys
    in_target sshd -t
    in_target update-initramfs -u
    cp "$root"/boot/vmlinuz-* "$out/vmlinuz"
    cp "$root"/boot/initrd.img-* "$out/initrd.img"
}

# An idle test host does nothing: what wakes up by itself would also wake up
# whenever a test sets the clock.
units() {
    systemctl --root="$root" enable systemd-networkd.service ssh.service cron.service atd.service
    local unit
    for unit in systemd-networkd-wait-online.service getty@tty1.service serial-getty@ttyS0.service \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer man-db.timer e2scrub_all.timer \
        e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer logrotate.timer \
        podman-auto-update.timer podman-auto-update.service podman-restart.service \
        podman.service podman.socket podman-clean-transient.service \
        quotaon.service quotaon-root.service quotarpc.service systemd-oomd.service systemd-oomd.socket earlyoom.service; do
        systemctl --root="$root" disable "$unit" || true
        systemctl --root="$root" mask "$unit"
    done
    generators
}

# Programs that systemd starts at every reload and every login to look for what this host does not
# have. To start one takes an emulated processor a tenth of a second, and there are a dozen; only
# what mounts is kept.
generators() {
    local kind program
    for kind in system-generators user-generators user-environment-generators; do
        mkdir -p "$root/etc/systemd/$kind"
        for program in "$root/usr/lib/systemd/$kind"/*; do
            [[ ${program##*/} == systemd-fstab-generator ]] && continue
            ln -sf /dev/null "$root/etc/systemd/$kind/${program##*/}"
        done
    done
    # The same for the message of the day.
    chmod -x "$root"/etc/update-motd.d/*
}

ssh_keys() {
    rm -f "$root"/etc/ssh/ssh_host_*
    ssh-keygen -q -t ed25519 -N '' -C workbench -f "$root/etc/ssh/ssh_host_ed25519_key"
    # The harness gives this file to ssh: any address and port, this one key.
    echo "* $(cut -d ' ' -f 1,2 "$root/etc/ssh/ssh_host_ed25519_key.pub")" >"$out/known_host"
    ssh-keygen -q -t ed25519 -N '' -C testhost -f "$out/ssh_key"
    install -d -m 700 "$root/root/.ssh"
    install -m 600 "$out/ssh_key.pub" "$root/root/.ssh/authorized_keys"
}
