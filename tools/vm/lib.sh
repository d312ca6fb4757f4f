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

# What the functions below tell apt: nothing, so they see what the system
# sees, unless other_releases has been called.
apt=()

# other_releases: from here on they see the kernels of Debian's other releases
# instead, from the mirror that the system uses, through package lists of our
# own: nothing that anybody installs comes from there.
other_releases()
{
	local dir=$cache/apt mirror codename
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(deb_mirror)
	[[ -n $mirror ]] || {
		deb_update
		mirror=$(deb_mirror)
	}
	[[ -n $mirror ]] ||
		die "apt knows no mirror of Debian. Check the sources in /etc/apt for Debian's main archive."

	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	cat >"$dir/debian.sources.$$" <<-TXT
		Types: deb
		URIs: $mirror
		Suites: sid trixie-backports $codename-backports
		Components: main
		Signed-By: $keyring
	TXT
	mv "$dir/debian.sources.$$" "$dir/debian.sources"
	apt=(-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir/cache" -o Dir::Etc::sourceparts=-
		-o "Dir::Etc::sourcelist=$dir/debian.sources")
	# Whoever holds the lock is fetching them.
	(lock apt && compgen -G "$dir/lists/*_Packages*" >/dev/null) ||
		deb_update
}

# deb_mirror: where the system has Debian's packages from
deb_mirror()
{
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Label: Debian' 'Component: main' | head -n 1
}

# deb_names PATTERN: the packages whose whole name matches, in the order of
# their versions
deb_names()
{
	apt-cache "${apt[@]}" pkgnames 2>/dev/null |
		grep -xE -e "$1" | sort -V
}

# deb_resolve PACKAGE: the package that a metapackage stands for
deb_resolve()
{
	apt-cache "${apt[@]}" depends --important "$1" 2>/dev/null |
		awk '$1 == "Depends:" { print $2; exit }'
}

# deb_versions PACKAGE: the versions of it that can be downloaded, newest
# first
deb_versions()
{
	apt-cache "${apt[@]}" madison "$1" 2>/dev/null |
		awk '$6 != "Sources" { print $3 }'
}

# deb_update: fetch the package lists anew
deb_update()
{
	if ((!${#apt[@]})); then
		"$repo/tools/deps" --update || exit
		return
	fi
	(
		lock apt
		apt-get "${apt[@]}" -o APT::Sandbox::User=root -qq update >&2
	) || die "apt-get update failed for Debian's other releases. Check the network, then try again."
}

# deb_download DIR PACKAGE=VERSION...
deb_download()
{
	local dir=$1

	shift
	mkdir -p "$dir"
	# apt's own sandbox user may not write to a user's cache.
	(cd "$dir" && apt-get "${apt[@]}" -qq -o APT::Sandbox::User=root \
		download "$@" >&2)
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

# source_tar PACKAGE VERSION SCRATCH: the kernel's source as a tar archive, out
# of the linux-source package as installed or as downloaded
source_tar()
{
	local file=/usr/src/$1.tar.xz dir=$3.debs

	if [[ -r $file && $(dpkg-query -W -f '${Version}' "$1") == "$2" ]]; then
		xz -dcT0 "$file"
		return
	fi
	rm -rf "$dir"
	deb_download "$dir" "$1=$2" || return
	dpkg-deb --fsys-tarfile "$dir"/*.deb | tar -xO ".$file" | xz -dcT0 ||
		return
	rm -rf "$dir"
}

# source_unpack DIR PACKAGE VERSION: the whole source
source_unpack()
{
	mkdir -p "$1"
	source_tar "$2" "$3" "$1" | tar -x -C "$1" --strip-components=1 ||
		die "$2 ($3) cannot be unpacked. Run it again with --update."
}

# configure SOURCE BUILD CONFIG [VARIABLE=VALUE]...: every line of CONFIG must
# come true
configure()
{
	local source=$1 build=$2 config=$3 line

	shift 3
	make -C "$source" O="$build" -s KCONFIG_ALLCONFIG="$config" "$@" \
		allnoconfig || return
	while read -r line; do
		[[ $line == CONFIG_* || $line == "# CONFIG_"*" is not set" ]] ||
			continue
		grep -qxF -e "$line" "$build/.config" || {
			say "the configuration refuses $line"
			return 1
		}
	done <"$config"
}
