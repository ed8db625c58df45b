# What is on the image, for tests and for people.
# shellcheck shell=bash disable=SC2154

manifest() {
    {
        echo "release=$release"
        echo "kernel=$(basename "$root"/boot/vmlinuz-* | sed s/vmlinuz-//)"
        echo "systemd=$(version_of systemd)"
        echo "sudo=$(version_of sudo)"
        echo "openssh=$(version_of openssh-server)"
        echo "shadow=$(version_of passwd)"
        echo "nodejs=$(version_of nodejs)"
        echo "r=$(runtime_versions r)"
        echo "python=$(runtime_versions python)"
        cat "$work/facts"
        echo "people=$(cut -d: -f1 <<<"$local_people$directory_people" | xargs)"
    } >"$out/manifest"
    cat "$out/manifest"
}

version_of() { in_target dpkg-query -W -f '${Version}' "$1"; }
