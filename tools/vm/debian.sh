# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's own kernels for tools/vm/kernel: stock, newest and the series that
# are backported, as their packages are, without installing them.

# The image unpacks itself when it boots, which takes an emulated processor
# three seconds. QEMU boots the bare ELF file as well (PVH entry), so unpack it
# once, here.
unpack_image()
{
	local from=$1 to=$2 magic at

	for magic in '\xfd7zXZ\x00:xz -dc --single-stream' \
		'\x28\xb5\x2f\xfd:zstd -dcq' '\x1f\x8b\x08:gzip -dc'; do
		while IFS=: read -r at _; do
			tail -c "+$((at + 1))" "$from" |
				${magic#*:} >"$to" 2>/dev/null || true
			[[ $(head -c 4 "$to" | tail -c 3) != ELF ]] || return 0
		done < <(grep -obUaP "${magic%%:*}" "$from")
	done
	rm -f "$to"
	return 1
}

# first_with VERSION PACKAGE...: the first of the packages that can be had in
# that version
first_with()
{
	local version=$1 pkg

	shift
	for pkg; do
		if deb_versions "$pkg" | grep -qxF -e "$version"; then
			echo "$pkg"
			return
		fi
	done
	return 1
}

# image_of RELEASE VERSION: the package with the image. The signed one may lag
# behind the rest by hours; what it is signed for does not matter to a guest.
# Where there is a linux-binary, linux-image is but a name for all parts together.
image_of()
{
	first_with "$2" "linux-binary-$1" "linux-binary-unsigned-$1" \
		"linux-image-$1" "linux-image-$1-unsigned"
}

# parts_of RELEASE VERSION: the packages that make up the kernel, a line each;
# fails where one cannot be had in that version
parts_of()
{
	local release=$1 version=$2 pkg

	image_of "$release" "$version" &&
		first_with "$version" "linux-headers-$release" &&
		first_with "$version" "linux-headers-${release%-amd64}-common" &&
		first_with "$version" "linux-kbuild-${release%-amd64}" \
			"linux-kbuild-$(cut -d. -f1-2 <<<"$release")" || return
	# Newer kernels come in three parts.
	for pkg in "linux-modules-$release" "linux-base-$release"; do
		first_with "$version" "$pkg" || true
	done
}

# name_of RELEASE...: "<release>_<version>" of the first that is whole: all parts
# are of one build of one source, since a mix of versions gives modules that
# refuse to load, or worse, that load. While Debian puts out a new version there
# are hours in which not every part of every release is there.
name_of()
{
	local release version

	for release; do
		while read -r version; do
			if parts_of "$release" "$version" >/dev/null; then
				echo "${release}_$version"
				return
			fi
		done < <(deb_versions "linux-headers-$release")
	done
	die "no image and headers of one version for ${*:-any release}. Run it again with --update, or later."
}

# releases_in SERIES: those that have headers, the newest first
releases_in()
{
	deb_names "linux-headers-${1//./\\.}\.[0-9]+(-[0-9]+|\+deb[0-9.]+)-amd64" |
		sed 's/^linux-headers-//' | tac
}

name_stock()
{
	local headers series
	local -a releases

	headers=$(deb_resolve linux-headers-amd64)
	[[ -n $headers ]] || {
		deb_update
		headers=$(deb_resolve linux-headers-amd64)
	}
	[[ $headers == linux-headers-*-amd64 ]] ||
		die "apt knows no linux-headers-amd64. Check the sources in /etc/apt for Debian's main archive."
	headers=${headers#linux-headers-}
	series=$(cut -d. -f1-2 <<<"$headers")
	mapfile -t releases < <(releases_in "$series")
	name_of "$headers" "${releases[@]}"
}

name_series()
{
	local -a releases

	mapfile -t releases < <(releases_in "$kernel")
	((${#releases[@]})) ||
		die "Debian offers no kernel $kernel here. Use stock or newest." 3
	name_of "${releases[@]}"
}

newest_source()
{
	deb_names 'linux-source-[0-9]+\.[0-9]+' | tail -n 1
}

name_newest()
{
	local series
	local -a releases

	series=$(newest_source)
	series=${series#linux-source-}
	mapfile -t releases < <(releases_in "$series")
	((${#releases[@]})) ||
		die "no headers for the newest kernel, $series. Run it again with --update later."
	name_of "${releases[@]}"
}

# fetch ROOT PACKAGE=VERSION...: if a version has gone from the mirror, the
# package lists are old
fetch()
{
	local root=$1

	deb_unpack "$@" || {
		rm -rf "$root"
		deb_update
		deb_unpack "$@" ||
			die "apt-get cannot download ${*:2}. Check the network, then try again."
	}
	# Newer packages have all below /usr.
	[[ -e $root/lib ]] || ln -s usr/lib "$root/lib"
}

# boot_facts ROOT RELEASE VERSION KDIR: finish what is unpacked under ROOT and
# print the facts
boot_facts()
{
	local root=$1 release=$2 version=$3 kdir=$4 image packed

	ln -sfn "$kdir" "$root/lib/modules/$release/build"
	PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" "$release"

	for packed in "$root/boot/vmlinuz-$release" \
		"$root/lib/modules/$release/"vmlinuz*; do
		[[ ! -e $packed ]] || break
	done
	image=$root/vmlinux-$release
	unpack_image "$packed" "$image" || image=$packed

	echo "release=$release"
	echo "version=$version"
	echo "arch=x86"
	echo "image=$image"
	echo "modules=$root/lib/modules/$release"
	echo "kdir=$kdir"
}

# own_libc ROOT VERSION PROGRAM...: if a program of a newer Debian misses a
# newer libc, give it that
own_libc()
{
	local root=$1 lib=$1/usr/lib/x86_64-linux-gnu program said missing=

	shift
	for program; do
		said=$("$program" 2>&1 </dev/null) || true
		[[ $said != *GLIBC_*"not found"* ]] || missing=1
	done
	[[ -n $missing ]] || return 0

	fetch "$root" "libc6=$(deb_versions libc6 | head -n 1)"
	for program; do
		mv "$program" "$program.bin"
		cat >"$program" <<-TXT
			#!/bin/sh
			exec $lib/ld-linux-x86-64.so.2 --library-path \\
				$lib:/usr/lib/x86_64-linux-gnu $program.bin "\$@"
		TXT
		chmod +x "$program"
	done
}

# own_compiler KDIR: Debian's headers insist on the compiler that the kernel
# was built with. Where that is not to be had, take the machine's, and leave
# out what it does not know.
own_compiler()
{
	local kdir=$1 want config=$1/include/config/auto.conf

	# Without it a module gets no type information, which only pahole of
	# the right version could make.
	rm -f "$kdir/vmlinux"
	want=$(sed -n 's/^CC = .*\(gcc-[0-9]*\)$/\1/p' "$kdir/.kernelvariables")
	! command -v "$want" >/dev/null || return 0
	sed -i "/^CC = /s/$want/gcc/" "$kdir/.kernelvariables"
	sed -n 's/^CONFIG_PAHOLE_VERSION=/override PAHOLE_VERSION = /p' \
		"$config" >>"$kdir/.kernelvariables"
	gcc -fmin-function-alignment=16 -E - </dev/null >/dev/null 2>&1 ||
		sed -i '/CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT\>/d' "$config" \
			"$kdir/include/generated/autoconf.h"
}

make_debian()
{
	local root=$1/root release=${2%%_*} version=${2#*_} kdir src
	local headers=linux-headers-$release
	local common=linux-headers-${release%-amd64}-common
	local -a packages

	mapfile -t packages < <(parts_of "$release" "$version")

	say "fetching $release ($version)"
	fetch "$root" "${packages[@]/%/=$version}"

	# The headers expect to lie in /usr/src.
	kdir=$root/usr/src/$headers
	src=$root/usr/src/$common
	sed -i "s|\([ =]\)/usr/src/linux-headers-|\1$root/usr/src/linux-headers-|" \
		"$kdir/Makefile"
	grep -qF "include $src/" "$kdir/Makefile" ||
		die "the Makefile in $headers has a new form. Adapt tools/vm/debian.sh to it."
	own_compiler "$kdir"
	own_libc "$root" "$kdir"/tools/objtool/objtool.real-x86 \
		"$kdir"/scripts/mod/modpost.real-lsb-64

	ln -sfn "$src" "$root/lib/modules/$release/source"
	boot_facts "$root" "$release" "$version" "$kdir"
}

make_stock()
{
	make_debian "$@"
}

make_newest()
{
	make_debian "$@"
}

make_series()
{
	make_debian "$@"
}
