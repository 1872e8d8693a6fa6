# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# lib.sh: what the scripts of this folder share; it is sourced.  It holds the
# settings with their defaults, the list of Debian packages, the build, and
# small helpers for processes.
#
# Some of its variables are only used by those who source it:
# shellcheck disable=SC2034

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=tools/$(basename "$0")

# absolute PATH BASE: print a path, counted from a folder if it is relative.
absolute() {
	case $1 in
	/*) echo "$1" ;;
	*) realpath -m "$2/$1" ;;
	esac
}

# Settings.  What is given counts from where the user stands, as in any tool.
GUERDON_HOME=$(absolute "${GUERDON_HOME:-$tree/var}" "$PWD")
GUERDON_CACHE=$(absolute "${GUERDON_CACHE:-/var/cache/guerdon}" "$PWD")
GUERDON_BUILD=$(absolute "${GUERDON_BUILD:-$tree/${default_build:-build}}" "$PWD")
GUERDON_BIND=${GUERDON_BIND:-127.0.0.1}
GUERDON_HTTP_PORT=${GUERDON_HTTP_PORT:-8000}
GUERDON_AUTH_PORT=${GUERDON_AUTH_PORT:-8080}
GUERDON_EVENT_PORT=${GUERDON_EVENT_PORT:-8081}
GUERDON_OPS_PORT=${GUERDON_OPS_PORT:-8082}
GUERDON_WORKERS=${GUERDON_WORKERS:-4}
GUERDON_LIMITS=${GUERDON_LIMITS:-on}
GUERDON_DB=${GUERDON_DB:-guerdon}
export GUERDON_HOME GUERDON_CACHE GUERDON_BUILD GUERDON_BIND GUERDON_HTTP_PORT
export GUERDON_AUTH_PORT GUERDON_EVENT_PORT GUERDON_OPS_PORT GUERDON_WORKERS
export GUERDON_LIMITS GUERDON_DB

# The database driver keeps counters in /dev/shm, a file a process, and leaves
# that of a killed one behind.  Nobody reads them.
export MONGOC_DISABLE_SHM=1

# Who has demo.env in the environment: its secrets need not go to the workers.
unset GUERDON_ADMIN_PASSWORD GUERDON_SERVICE_SECRET

home=$GUERDON_HOME
run=$home/run
log=$home/log
conf=$home/guerdon.conf

# Debian packages, by what needs them.
packages_build=(build-essential autoconf automake libtool pkg-config
	libfcgi-dev libmongoc-dev libbson-dev libjwt-dev libcjson-dev
	libsodium-dev libutf8proc-dev liboath-dev libseccomp-dev
	libzxcvbn-dev)
packages_run=(lighttpd spawn-fcgi multiwatch curl jq ca-certificates
	tzdata)
packages_devdb=(mmdebstrap)
packages_fuzz=(clang libclang-rt-14-dev)
packages_analyze=(clang-tidy cppcheck shellcheck)
packages_test=(perl python3-venv chromium wrk valgrind mandoc shellcheck docker-compose xz-utils
	systemd-container mmdebstrap)

say() {
	echo "$me: $*" >&2
}

# die [-STATUS] MESSAGE...
die() {
	local status=1

	if [[ $1 == -[0-9]* ]]; then
		status=${1#-}
		shift
	fi
	say "$*"
	exit "$status"
}

# The comment at the head of the script is its help.
show_help() {
	sed -n '1,3d; /^#/!q; s/^#$//; s/^# //; s/^#\t/\t/; p' "$0"
}

# Print the path of a built program.
bin() {
	echo "$GUERDON_BUILD/bin/$1"
}

# Print a file's first line, nothing if there is no file.
first_line() {
	head -n 1 "$1" 2>/dev/null || :
}

# Succeed if the database is the local one of this home.  That is so too when
# its own address is given: demo.env holds it.
local_database() {
	[ -z "${GUERDON_MONGO_URI:-}" ] ||
	    [ "$GUERDON_MONGO_URI" = "$(first_line "$run/devdb.uri")" ]
}

# Packages

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

# Print those packages of the groups that are missing, a line each.
missing_packages() {
	local group name

	for group; do
		local -n names=packages_$group
		for name in "${names[@]}"; do
			installed "$name" || echo "$name"
		done
	done
	# Any npm will do; Debian's is large.
	command -v npm >/dev/null || echo npm
}

# Keep a command from starting services: what Debian's packages start when they
# are installed (a lighttpd on port 80) is none of our business.
without_services() {
	local policy=/usr/sbin/policy-rc.d status=0 ours=

	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		ours=yes
	fi
	"$@" || status=$?
	[ -z "$ours" ] || rm -f $policy
	return $status
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	# An update can fail for a source that we don't need.
	apt-get -q -o DPkg::Lock::Timeout=300 update || :
	without_services apt-get -q -y -o DPkg::Lock::Timeout=300 install \
	    --no-install-recommends "$@"
}

# A package that we brought starts no service at the next boot either.
disable_lighttpd() {
	if command -v systemctl >/dev/null; then
		systemctl disable lighttpd.service >/dev/null 2>&1 || :
	else
		update-rc.d lighttpd disable >/dev/null 2>&1 || :
	fi
}

# need_packages GROUP...: install what is missing, or say what is.
need_packages() {
	local missing apt_log

	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		say "these Debian packages are missing: ${missing[*]}"
		die -3 "install them as root: apt-get update &&" \
		    "apt-get install --no-install-recommends ${missing[*]}"
	fi
	say "installing ${#missing[@]} packages: ${missing[*]}"
	apt_log=$(mktemp)
	if ! apt_install "${missing[@]}" >"$apt_log" 2>&1 </dev/null; then
		tail -n 20 "$apt_log" >&2
		die "the packages could not be installed; all of the output" \
		    "is in $apt_log"
	fi
	rm -f "$apt_log"
	[[ " ${missing[*]} " != *" lighttpd "* ]] || disable_lighttpd
}

# Build

# autoreconf, if the files that it reads have changed.
make_configure() {
	local now stamp=$tree/build-aux/.stamp

	now=$(cd "$tree" && cat configure.ac Makefile.am | sha256sum)
	if [ ! -x "$tree/configure" ] || [ "$(first_line "$stamp")" != "$now" ]
	then
		(cd "$tree" && autoreconf -fi)
		echo "$now" >"$stamp"
	fi
}

# configure DIR FLAG..., if something that it depends on has changed.
run_configure() {
	local dir=$1 now

	shift
	now=$(cat "$tree/configure"; echo "$*" "${CC:-}" "${CFLAGS:-}" "$tree")
	now=$(sha256sum <<<"$now")
	if [ ! -e "$dir/Makefile" ] ||
	    [ "$(first_line "$dir/.configured")" != "$now" ]; then
		(cd "$dir" && "$tree/configure" --quiet "$@")
		echo "$now" >"$dir/.configured"
	fi
}

# Everything of one build, its output to the log of the caller.
make_targets=(all)
build_steps() {
	make_configure
	run_configure "$@"
	make -j"$(nproc)" -C "$1" "${make_targets[@]}"
}

# build DIR FLAG...: bring make_targets of a build folder up to date.
build() {
	local dir=$1 start=$SECONDS pid

	mkdir -p "$dir"
	say "building in $dir"
	# Two builds at once share the tree's configure.  Started with & because
	# in a condition the shell would go on after a failed step.
	exec 8<"$tree/configure.ac"
	flock 8
	build_steps "$@" >"$dir/build.log" 2>&1 &
	pid=$!
	if ! wait $pid; then
		grep -E -A 5 '(error|warning):|\*\*\*' "$dir/build.log" |
		    head -n 40 >&2
		die "the build failed; all of its output is in $dir/build.log"
	fi
	exec 8<&-
	say "built in $((SECONDS - start)) s"
}

# The static pages of Swagger UI: print the folder for this tree's version.
swagger_dir() {
	local hash

	hash=$(cat "$tree"/swagger/* | sha256sum | cut -c1-16)
	echo "$GUERDON_CACHE/swagger-$hash"
}

make_swagger() {
	GUERDON_SWAGGER=${GUERDON_SWAGGER:-$(swagger_dir)}
	export GUERDON_SWAGGER
	[ -d "$GUERDON_SWAGGER" ] || "$tree/swagger/setup" "$GUERDON_SWAGGER" ||
	    die "could not make the pages in $GUERDON_SWAGGER (GUERDON_CACHE" \
	    "sets another folder)"
}

# Processes

# Succeed if the process is there and is no zombie.
alive() {
	[[ $1 =~ ^[0-9]+$ && -e /proc/$1/exe ]]
}

gone() {
	! alive "$1"
}

# wait_until SECONDS COMMAND...: poll until the command succeeds.
wait_until() {
	local end=$((SECONDS + $1 + 1))

	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.02
	done
}

# Succeed if something listens on the port.
port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Print lighttpd's pid, if it is the one of this home: it is known by its
# working directory, for a pid file may be older than the last boot.
lighttpd_pid() {
	local pid

	pid=$(first_line "$run/lighttpd.pid")
	if alive "$pid" && [[ /proc/$pid/cwd -ef $run ]]; then
		echo "$pid"
	fi
}

# Succeed if the word is a port's number.
is_port() {
	[[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && (($1 < 65536))
}

# check_settings: refuse what can't work, before anything is done.
check_settings() {
	local name socket seen=' '

	for name in HTTP AUTH EVENT OPS; do
		local -n number=GUERDON_${name}_PORT
		is_port "$number" ||
		    die "GUERDON_${name}_PORT is not a port: $number"
		[[ $seen != *" $number "* ]] ||
		    die "GUERDON_${name}_PORT: $number is used twice"
		seen+="$number "
	done
	[[ $GUERDON_WORKERS =~ ^[1-9][0-9]?$ ]] ||
	    die "GUERDON_WORKERS is a number from 1 to 99"
	[[ $GUERDON_LIMITS == on || $GUERDON_LIMITS == off ]] ||
	    die "GUERDON_LIMITS is on or off"
	# sun_path has 108 bytes with its final NUL.
	socket=$run/fcgi-event.sock
	((${#socket} < 108)) || die "GUERDON_HOME is too long: a unix" \
	    "socket's name has at most 107 bytes, $socket has ${#socket}"
}

# Refuse ports that somebody else has.  Our own lighttpd has them rightly: what
# it listens on is in the file that tools/stack wrote when it started it.
check_ports() {
	local name ours=

	[ -z "$(lighttpd_pid)" ] || ours=$(cat "$run/lighttpd.ports")
	for name in HTTP AUTH EVENT OPS; do
		local -n number=GUERDON_${name}_PORT
		[[ " $ours " == *" $number "* ]] || ! port_taken "$number" ||
		    die "port $number is taken: set GUERDON_${name}_PORT to" \
		    "another one"
	done
}

# demo.env: KEY=value lines that a shell can read, mode 0600.

demo_get() {
	[ -r "$home/demo.env" ] || return 0
	(
		set +u
		# shellcheck disable=SC1091 # made by demo_set
		. "$home/demo.env"
		printf '%s' "${!1}"
	)
}

# demo_set KEY VALUE: an empty value removes the line.
demo_set() {
	local key=$1 value=$2 file=$home/demo.env

	if [[ $value == *[!A-Za-z0-9_@%+=:,./?~-]* ]]; then
		value="'${value//\'/\'\\\'\'}'"
	fi
	(
		umask 077
		{
			grep -v "^$key=" "$file" 2>/dev/null || :
			[ -z "$value" ] || printf '%s=%s\n' "$key" "$value"
		} >"$file.new"
		mv "$file.new" "$file"
	)
}
