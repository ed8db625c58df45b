# The machine: its arguments, starting and stopping it, talking to it.
# shellcheck shell=bash disable=SC2154

# One argument a line, the same for booting and for -loadvm. The reader puts in
#   %DISK%  the overlay to run on: a copy of ready.qcow2, wherever it lies
#   %PORT%  the port on 127.0.0.1 that leads to the host's sshd
#   %DIR%   a directory of this run, for serial.log and qmp.sock (a short path)
#   %PROGRAM%  a file of PROGRAM_SIZE, the second disk: empty while the image is made, and never
#           looked at by the host, so that whoever resumes can put a program there
# and adds "-loadvm ready" to resume. A disk's backing file is named here, so the
# relative name inside ready.qcow2 does not tie a copy to the image's directory.
PROGRAM_SIZE=64M
machine_args() {
    local image=$1 accel=$2
    printf '%s\n' \
        -name testhost -no-user-config -nodefaults -display none \
        -machine pc -accel "$accel" -cpu max -smp 2 -m 2048 \
        -kernel "$image/vmlinuz" -initrd "$image/initrd.img" \
        -append 'root=/dev/vda ro rootflags=usrquota,grpquota psi=1 mitigations=off nowatchdog net.ifnames=0 systemd.unified_cgroup_hierarchy=1 console=ttyS0 quiet' \
        -drive "file=%DISK%,format=qcow2,if=none,id=root,cache=writeback,backing.driver=qcow2,backing.file.driver=file,backing.file.filename=$image/disk.qcow2" \
        -device virtio-blk-pci,drive=root \
        -drive 'file=%PROGRAM%,format=raw,if=none,id=program,readonly=on' \
        -device virtio-blk-pci,drive=program \
        -netdev 'user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:%PORT%-:22' \
        -device virtio-net-pci,netdev=net,romfile= \
        -object rng-builtin,id=rng -device virtio-rng-pci,rng=rng \
        -serial 'file:%DIR%/serial.log' \
        -qmp 'unix:%DIR%/qmp.sock,server=on,wait=off'
}

machine_pid=
run_dir=
copy_dir=

# start_machine IMAGE ACCEL DISK [ARGUMENT...]
# qemu dies with the process that started it, however that ends.
start_machine() {
    local image=$1 accel=$2 disk=$3 args
    shift 3
    run_dir=$(mktemp -d "${TMPDIR:-/tmp}/testhost.XXXXXX")
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    truncate -s "$PROGRAM_SIZE" "$run_dir/program"
    mapfile -t args < <(machine_args "$image" "$accel" |
        sed -e "s|%DISK%|$disk|" -e "s|%PORT%|$port|" -e "s|%DIR%|$run_dir|" -e "s|%PROGRAM%|$run_dir/program|")
    setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" "$@" 3>&- 4>&- 9>&- &
    machine_pid=$!
}

stop_machine() {
    if [ -n "$machine_pid" ]; then
        kill -KILL "$machine_pid" 2>/dev/null || true
        wait "$machine_pid" 2>/dev/null || true
        machine_pid=
    fi
    [ -z "$run_dir" ] || { cat "$run_dir/serial.log" || true; rm -rf "$run_dir"; run_dir=; }
    [ -z "$copy_dir" ] || { rm -rf "$copy_dir"; copy_dir=; }
}

# resume_copy IMAGE: a host to throw away, its clock right, gone when the script ends.
resume_copy() {
    image_files=$1
    trap 'stop_machine >/dev/null' EXIT
    trap 'exit 130' INT TERM
    copy_dir=$(mktemp -d "${TMPDIR:-/tmp}/testhost.XXXXXX")
    cp --reflink=auto "$1/ready.qcow2" "$copy_dir/disk.qcow2"
    start_machine "$1" "$(accel_of "$1")" "$copy_dir/disk.qcow2" -loadvm ready
    wait_for_ssh 120
    guest "date -s @$(date +%s)" >/dev/null
}

accel_of() { if [ "$(cat "$1/accel")" = kvm ]; then echo kvm; else echo tcg,thread=multi; fi; }

monitor() { python3 "$here/recipe/qmp.py" "$run_dir/qmp.sock" "$@"; }

guest() {
    ssh -n -q -F none -i "$image_files/ssh_key" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 \
        -o UserKnownHostsFile="$image_files/known_host" -o GlobalKnownHostsFile=/dev/null \
        -p "$port" "${as:-root}@127.0.0.1" "$@"
}

# Waits until sshd lets root in, or fails: the machine gone, or the seconds over.
wait_for_ssh() {
    local end=$((SECONDS + $1))
    until guest true; do
        [ "$SECONDS" -lt "$end" ] || return 1
        kill -0 "$machine_pid" 2>/dev/null || return 1
        sleep 0.2
    done
}
