#!/usr/bin/env bash
# Installs the distribution's packages that Myna is built from. Lists them first, installs only what
# is missing, asks for sudo only when it must; as root in a container it asks nothing.
#
#   tools/install-deps.sh           what `make` and `make run` need
#   tools/install-deps.sh --test    also what `make check` uses
#   tools/install-deps.sh --list    prints the names and changes nothing (with --test: all of them)
set -euo pipefail

build=(gcc libc6-dev make meson ninja-build pkg-config
    libuv1-dev libjansson-dev libyaml-dev libsndfile1-dev libspeexdsp-dev libopus-dev libopusenc-dev
    portaudio19-dev flite1-dev libhyphen-dev hyphen-en-us zlib1g-dev libcurl4-openssl-dev libssl-dev libarchive-dev
    libnice-dev libsrtp2-dev libusrsctp-dev libprotobuf-c-dev protobuf-c-compiler libogg-dev libmpg123-dev
    libvpx-dev libturbojpeg0-dev libsqlite3-dev python3)
# libclang-rt-dev: the run time of clang's sanitizers and of libFuzzer; iproute2: networks that break;
# chromium: a browser as the person in a LiveKit room; coturn: a relay for the WebRTC tests;
# gstreamer1.0-*, python3-gst-1.0, gir1.2-*: another WebRTC stack to talk with; zsh, fish: completion
check=(g++ git clang libclang-rt-dev clang-format cppcheck flite iproute2 chromium coturn
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice
    python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 zsh fish)

test=no list=no
for arg in "$@"; do
    case $arg in
    --test) test=yes ;;
    --list) list=yes ;;
    *)
        echo "install-deps.sh: unknown argument '$arg' (known: --test, --list)" >&2
        exit 2
        ;;
    esac
done

want=("${build[@]}")
# A Python of the user's own (pyenv, conda) that has pip is as good as the distribution's.
python3 -m pip --version >/dev/null 2>&1 || want+=(python3-pip)
if [ $test = yes ]; then
    want+=("${check[@]}")
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || want+=(python3-venv)
fi
if [ $list = yes ]; then
    printf '%s\n' "${want[@]}"
    exit 0
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    cat >&2 <<EOT
This machine has no apt. Myna needs a C17 compiler, meson >= 1.0, ninja, pkg-config, Python 3 with pip,
and the development files of: libuv, jansson, libyaml, libsndfile, speexdsp, opus, libopusenc,
portaudio, flite, hyphen (with the en_US patterns), zlib, libcurl, openssl, libarchive, libnice, libsrtp2,
usrsctp, protobuf-c, libogg, mpg123, libvpx, libjpeg-turbo (turbojpeg), sqlite3.
  Fedora:  dnf install gcc meson ninja-build pkgconf libuv-devel jansson-devel libyaml-devel \\
           libsndfile-devel speexdsp-devel opus-devel libopusenc-devel portaudio-devel flite-devel \\
           hyphen-devel hyphen-en zlib-devel libcurl-devel openssl-devel libarchive-devel python3-pip \\
           libnice-devel libsrtp-devel usrsctp-devel protobuf-c-devel libogg-devel mpg123-devel \\
           libvpx-devel turbojpeg-devel sqlite-devel
  Arch:    pacman -S gcc meson ninja pkgconf libuv jansson libyaml libsndfile speexdsp opus \\
           libopusenc portaudio flite hyphen hyphen-en zlib curl openssl libarchive python-pip \\
           libnice libsrtp usrsctp protobuf-c libogg mpg123 \\
           libvpx libjpeg-turbo sqlite
Then run make.
EOT
    # Fine when everything is there already: the build says what is not.
    command -v meson >/dev/null && command -v ninja >/dev/null && exit 0
    exit 1
fi

missing=()
for p in "${want[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
    echo "packages: all ${#want[@]} are installed"
    exit 0
fi
echo "packages to install (${#missing[@]} of ${#want[@]}):"
printf '  %s\n' "${missing[@]}"

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Not root, and there is no sudo. As root run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0 --no-install-recommends)

# The package lists are refreshed only when they do not know a name or point at files that are gone.
if ! apt-get -s -qq --no-install-recommends install "${missing[@]}" >/dev/null 2>&1; then
    echo "refreshing the package lists"
    "${apt[@]}" update
    fresh=yes
fi
if ! "${apt[@]}" install "${missing[@]}"; then
    [ "${fresh:-no}" = no ] || { echo "apt could not install: ${missing[*]}" >&2; exit 1; }
    "${apt[@]}" update
    "${apt[@]}" install "${missing[@]}" || { echo "apt could not install: ${missing[*]}" >&2; exit 1; }
fi
echo "packages: ${#missing[@]} installed"
