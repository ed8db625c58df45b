# Stand-in for RStudio Server, which is in no registry: see rserver.py for what it does alike.
# shellcheck shell=bash disable=SC2154

rstudio_standin() {
    local bin=$root/usr/lib/rstudio-server-standin/bin
    mkdir -p "$bin"
    # A process is called after the file that was executed: rserver, not python3.
    ln -s /usr/bin/python3 "$bin/rserver"
    echo 'rstudio-server=stand-in' >>"$work/facts"
}
