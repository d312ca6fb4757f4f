# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel "debug" for tools/vm/kernel: the newest source as User Mode
# Linux, a program of the host, with the kernel's own checkers on. See
# debug.config.

um_config=$vm_dir/debug.config
um_patch=$vm_dir/debug.patch

# What besides Debian's packages decides about the result
stamp_debug()
{
	cat "$um_config" "$um_patch" | sha256sum | cut -c 1-16
}

# The name is "<version>_<stamp>".
name_debug()
{
	local version

	version=$(deb_versions "$(newest_source)" | head -n 1)
	[[ -n $version ]] ||
		die "no linux-source is to be had. Check the network, then try again with --update."
	echo "${version}_$(stamp_debug)"
}

um_build()
{
	local source=$1 build=$2

	nice -n 10 make -C "$source" O="$build" ARCH=um -s -j "$(nproc)" \
		linux modules_prepare modules || return
	# Where no module is configured, nobody makes this one.
	[[ -e $build/Module.symvers ]] ||
		cp "$build/vmlinux.symvers" "$build/Module.symvers"
	make -C "$source" O="$build" ARCH=um -s \
		INSTALL_MOD_PATH="$build/root" modules_install
}

# um_trim SOURCE BUILD: a module is built with what remains
um_trim()
{
	local source=$1 build=$2

	find "$source" -mindepth 1 -maxdepth 1 ! -name Kbuild ! -name Makefile \
		! -name arch ! -name include ! -name scripts ! -name tools \
		-exec rm -rf {} +
	find "$source/arch" -mindepth 1 -maxdepth 1 ! -name um ! -name x86 \
		-exec rm -rf {} +
	find "$source/tools" -mindepth 1 -maxdepth 1 ! -name docs ! -name lib \
		-exec rm -rf {} +
	find "$build" -path "$build/root" -prune -o -type f \
		\( -name '*.[oa]' -o -name '.*.cmd' -o -name '.tmp_*' -o -name modules.order \) \
		-exec rm -f {} +
	rm -f "$build"/vmlinux*
}

make_debug()
{
	local dir=$1 version=${2%_*} source=$1/source build=$1/build release

	say "building the debug kernel ($version), this takes some minutes"
	source_unpack "$source" "$(newest_source)" "$version"
	patch -d "$source" -p1 -s --forward <"$um_patch" >&2 ||
		die "debug.patch does not fit linux $version. Adapt it."
	mkdir "$build"
	configure "$source" "$build" "$um_config" ARCH=um >&2 ||
		die "debug.config does not fit linux $version. Adapt it."
	um_build "$source" "$build" >"$dir/log" 2>&1 || {
		tail -n 30 "$dir/log" >&2
		die "the debug kernel does not build. See $dir/log."
	}
	um_trim "$source" "$build"
	# Whoever builds a module here does not know for what.
	sed -i '/^include/i export ARCH := um' "$build/Makefile"

	release=$(<"$build/include/config/kernel.release")
	ln -sfn "$build" "$build/root/lib/modules/$release/build"
	ln -sfn "$source" "$build/root/lib/modules/$release/source"
	echo "release=$release"
	echo "version=$version"
	echo "arch=um"
	echo "image=$build/linux"
	echo "modules=$build/root/lib/modules/$release"
	echo "kdir=$build"
}
