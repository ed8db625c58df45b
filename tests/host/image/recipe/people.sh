# The people of the test host. A person's password is their name and "-pw";
# everyone's ssh key is the image's. Root has the key only.
# shellcheck shell=bash disable=SC2154

# name:uid:shell:groups
local_people='
ada:1000:/bin/bash:sudo
alice:1001:/bin/bash:analysts,modelling
bob:1002:/bin/bash:analysts,modelling
carol:1003:/bin/bash:analysts,legacy
first.last:1004:/bin/bash:analysts
a-name-of-thirty-two-bytes-exact:1005:/bin/bash:analysts
lin:1006:/bin/bash:analysts
zoe:1007:/bin/zsh:analysts
finn:1008:/usr/bin/fish:analysts'
# In no file of /etc, as on a host that asks LDAP.
directory_people='
dirk:20001
dora:20002'

people() {
    local name uid shell groups
    in_target groupadd --gid 3000 analysts
    in_target groupadd --gid 3001 modelling
    in_target groupadd --gid 3002 legacy
    in_target useradd --uid 990 --system --no-create-home --shell /usr/sbin/nologin \
        --home-dir /nonexistent --comment 'Nightly reports' svc-report
    while IFS=: read -r name uid shell groups; do
        [ -n "$name" ] || continue
        in_target useradd --badname --uid "$uid" --user-group --create-home -K HOME_MODE=0700 \
            --shell "$shell" --groups "$groups" "$name"
        echo "$name:$name-pw" | in_target chpasswd
        authorise_key "$name" "$uid" "$uid"
    done <<<"$local_people"
    touch "$root/home/zoe/.zshrc"   # or zsh asks its questions for newcomers
    chown 1007:1007 "$root/home/zoe/.zshrc"
    directory
    mkdir -p "$root/var/lib/systemd/linger"
    touch "$root/var/lib/systemd/linger/lin"
}

directory() {
    local name uid dir=$root/var/lib/extrausers subuid=2000000
    mkdir -p "$dir"
    echo 'dir-analysts:x:20000:dirk,dora' >"$dir/group"
    while IFS=: read -r name uid; do
        [ -n "$name" ] || continue
        echo "$name:x:$uid:20000:From the directory:/home/$name:/bin/bash" >>"$dir/passwd"
        echo "$name:$(in_target perl -e 'print crypt($ARGV[0], q($6$testhost$))' "$name-pw"):19700:0:99999:7:::" >>"$dir/shadow"
        cp -a "$root/etc/skel" "$root/home/$name"
        chmod 700 "$root/home/$name"
        chown -R "$uid:20000" "$root/home/$name"
        authorise_key "$name" "$uid" 20000
        echo "$name:$subuid:65536" | tee -a "$root/etc/subuid" >>"$root/etc/subgid"
        subuid=$((subuid + 65536))
    done <<<"$directory_people"
    chmod 640 "$dir/shadow"
    chown 0:42 "$dir/shadow"
}

authorise_key() {
    install -d -m 700 -o "$2" -g "$3" "$root/home/$1/.ssh"
    install -m 600 -o "$2" -g "$3" "$out/ssh_key.pub" "$root/home/$1/.ssh/authorized_keys"
}
