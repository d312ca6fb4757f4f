# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of the lab share: errors, the cache, Debian packages
# unpacked without being installed.

export LC_ALL=C

vm_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repo=$(dirname "$(dirname "$vm_dir")")
cache=${THEMIS_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/themis}
cache=$(realpath -m "$cache")

# die TEXT [STATUS]: one line, "what went wrong. what to do next"
die()
{
	printf 'Error: %s\n' "$1" >&2
	exit "${2:-1}"
}

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# lock NAME: hold the cache's lock NAME until this process ends. Whoever
# comes second waits, then finds the work done.
lock()
{
	local fd

	mkdir -p "$cache" ||
		die "cannot create the cache $cache. Set THEMIS_CACHE to a directory that you may write."
	exec {fd}>"$cache/$1.lock"
	flock -n "$fd" || {
		say "waiting for another run that prepares $1"
		flock "$fd"
	}
}

# deb_resolve PACKAGE: the package that a metapackage stands for
deb_resolve()
{
	apt-cache depends --important "$1" 2>/dev/null |
		awk '$1 == "Depends:" { print $2; exit }'
}

# deb_versions PACKAGE: the versions of it that can be downloaded, newest
# first
deb_versions()
{
	apt-cache madison "$1" 2>/dev/null | awk '$6 != "Sources" { print $3 }'
}

# deb_update: fetch the package lists anew
deb_update()
{
	"$repo/tools/deps" --update || exit
}

# deb_download DIR PACKAGE=VERSION...
deb_download()
{
	local dir=$1

	shift
	mkdir -p "$dir"
	# apt's own sandbox user may not write to a user's cache.
	(cd "$dir" && apt-get -qq -o APT::Sandbox::User=root download "$@" >&2)
}

# deb_unpack DIR PACKAGE=VERSION...: download and unpack under DIR
deb_unpack()
{
	local dir=$1 deb

	shift
	mkdir -p "$dir"
	deb_download "$dir.debs" "$@" || return
	for deb in "$dir.debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir" || return
	done
	rm -rf "$dir.debs"
}
