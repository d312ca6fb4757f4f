# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel "race" for tools/vm/kernel: the newest source, for QEMU, with
# KCSAN. The kernel itself is not instrumented: its own races are known, and
# many. Modules built against it are, so what is reported is theirs, or that a
# value which they look at changes under them. See race.config.

race_config=$vm_dir/race.config

# What besides Debian's packages decides about the result
stamp_race()
{
	sha256sum <"$race_config" | cut -c 1-16
}

# The name is "<version>_<stamp>".
name_race()
{
	local version

	version=$(deb_versions "$(newest_source)" | head -n 1)
	[[ -n $version ]] ||
		die "no linux-source is to be had. Check the network, then try again with --update."
	echo "${version}_$(stamp_race)"
}

race_build()
{
	local source=$1 build=$2

	nice -n 10 make -C "$source" O="$build" -s -j "$(nproc)" \
		KCSAN_SANITIZE=n vmlinux modules_prepare modules || return
	make -C "$source" O="$build" -s INSTALL_MOD_PATH="$build/root" \
		modules_install
}

# race_trim SOURCE BUILD: a module is built with what remains
race_trim()
{
	local source=$1 build=$2

	find "$source" -mindepth 1 -maxdepth 1 ! -name Kbuild ! -name Makefile \
		! -name arch ! -name include ! -name scripts ! -name tools \
		-exec rm -rf {} +
	find "$source/arch" -mindepth 1 -maxdepth 1 ! -name x86 \
		-exec rm -rf {} +
	find "$build" \( -path "$build/root" -o -path "$build/tools" -o \
		-path "$build/scripts" \) -prune -o -type f \
		\( -name '*.[oa]' -o -name '.*.cmd' -o -name '.tmp_*' \) \
		-exec rm -f {} +
}

make_race()
{
	local dir=$1 version=${2%_*} source=$1/source build=$1/build release

	say "building the kernel that finds races ($version), this takes some minutes"
	source_unpack "$source" "$(newest_source)" "$version"
	mkdir "$build"
	configure "$source" "$build" "$race_config" >&2 ||
		die "race.config does not fit linux $version. Adapt it."
	race_build "$source" "$build" >"$dir/log" 2>&1 || {
		tail -n 30 "$dir/log" >&2
		die "the kernel that finds races does not build. See $dir/log."
	}
	race_trim "$source" "$build"

	release=$(<"$build/include/config/kernel.release")
	ln -sfn "$build" "$build/root/lib/modules/$release/build"
	ln -sfn "$source" "$build/root/lib/modules/$release/source"
	echo "release=$release"
	echo "version=$version"
	echo "arch=x86"
	echo "image=$build/vmlinux"
	echo "modules=$build/root/lib/modules/$release"
	echo "kdir=$build"
}
