#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Least power: what every running worker has given up, as the kernel tells it,
# that it serves and reconnects all the same, and who may connect to it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $sanitized = Guerdon::Stack::build() =~ /asan/;

# The version of Landlock that the kernel has, and that a worker is under.
my $abi = syscall 444, 0, 0, 1;
$abi = 0 if $abi < 0;
sub landlock {
	my ($pid) = @_;
	my ($mark) = map { (readlink // '') =~ /memfd:guerdon-landlock-(\d+)/ }
	    glob "/proc/$pid/fd/*";

	return $mark;
}

# Before this line a worker may do all.
ok($g->wait_for(sub { !grep { my $pool = $_; $g->size($pool) > grep {
    $_->{message} =~ /^worker started/ } $g->log("fcgi-$pool") }
    qw(gw auth event) }, 10), 'all workers serve');
for my $pool (qw(gw auth event)) {
	for my $pid ($g->workers($pool)) {
		my $status = Guerdon::Stack::slurp("/proc/$pid/status");
		my $limits = Guerdon::Stack::slurp("/proc/$pid/limits");
		like($status, qr/^NoNewPrivs:\s+1$/m,
		    "$pool: no new privileges");
		like($status, qr/^Umask:\s+0077$/m,
		    "$pool: files for their owner only");
		like($limits, qr/^Max core file size\s+0\s+0\s/m,
		    "$pool: no core files");
		SKIP: {
			skip 'a sanitizer needs its system calls', 3
			    if $sanitized;
			like($limits, qr/^Max open files\s+256\s+256\s/m,
			    "$pool: few descriptors");
			is(landlock($pid), $abi, "$pool: Landlock");
			like($status, qr/^Seccomp:\s+2$/m,
			    "$pool: a filter of system calls");
		}
	}
}
is($g->call(GET => '/v1/events', as => 'USER')->status, 200,
    'requests are served');

# Another user's connection, by setpriv(1): what a call to a worker gets.  The
# group may use the socket, so that the worker itself has to refuse.
sub as_user {
	my ($uid, $pool, $gid) = @_;
	my $path = $g->socket_path($pool);
	my $out = qx(setpriv --reuid=$uid --regid=$gid --clear-groups \\
	    $^X -Mstrict -MIO::Socket::UNIX -e '
	    \$SIG{PIPE} = "IGNORE";
	    my \$s = IO::Socket::UNIX->new(Peer => shift) or
		do { print \$!{EACCES} ? "EACCES" : \$!; exit };
	    syswrite \$s, pack "H*", shift;
	    print sysread(\$s, my \$b, 8) ? "answered" : "closed"' \\
	    $path @{[unpack 'H*', fcgi_call(params => [REQUEST_METHOD =>
	    'GET', REQUEST_URI => '/v1/openapi.json'])]} 2>&1);
	return $out;
}

SKIP: {
	skip 'only root can be somebody else', 12 if $> != 0;
	chmod 0710, $g->{home}, "$g->{home}/run";
	for my $pool (qw(gw auth event)) {
		is(as_user(65534, $pool, 65534), 'EACCES',
		    "$pool: the socket is closed to others");
		is(as_user(65534, $pool, 0), 'closed',
		    "$pool: another user's connection is closed");
		is(as_user(0, $pool, 0), 'answered', '... but not root\'s');
	}
	my ($line) = grep { ($_->{code} // '') eq 'PEER_REFUSED' }
	    $g->log('fcgi-auth');
	is($line->{uid}, 65534, '... and it is logged');
	$g->{conf} = {peer_users => '65534 daemon'};
	$g->start;
	is(as_user(65534, 'auth', 0), 'answered', 'who is named is served');
	is(as_user(65533, 'auth', 0), 'closed', '... and still nobody else');
}

done_testing;
