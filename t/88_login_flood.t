#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A flood of logins: a node never hashes more passwords at once than it is
# told, who finds no place is told to come again, and a worker that dies gives
# its place back.
use strict;
use warnings;
use Fcntl qw(O_RDWR);
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Http qw(http_drive);
use Guerdon::Stack;

use constant {F_OFD_GETLK => 36, F_OFD_SETLK => 37, WRITE => 1, UNLOCK => 2};

my $g = Guerdon::Stack->new(workers => 6, conf => {password_hashes => 2});
my $user = $g->new_user;
my @request = (POST => '/v1/auth/login', json => {
    email => $user->{email}, password => $user->{password}});

# A lock on the bytes of the file of places, for as long as it is open.
sysopen my $places, "$g->{home}/run/auth-places.lock", O_RDWR or
    die "places: $!";
sub flock_text { return pack 's s x4 q q i x4', $_[0], 0, $_[1], $_[2], 0 }
sub lock_places {
	my ($type, $from, $count) = @_;
	return fcntl $places, F_OFD_SETLK, flock_text($type, $from, $count);
}
sub is_held {
	my ($place) = @_;
	my $text = flock_text(WRITE, $place, 1);
	fcntl $places, F_OFD_GETLK, $text or die "F_OFD_GETLK: $!";
	return (unpack 's', $text)[0] != UNLOCK;
}

# The workers that hash just now: a hash takes 19 MiB.
my $idle = 0;
sub hashing {
	return grep { (Guerdon::Stack::slurp("/proc/$_/status") =~
	    /^RssAnon:\s+(\d+) kB/m ? $1 : 0) > 15000 + $idle }
	    $g->workers('auth');
}
for ($g->workers('auth')) {
	my ($kb) = Guerdon::Stack::slurp("/proc/$_/status") =~
	    /^RssAnon:\s+(\d+) kB/m;
	$idle = $kb if $kb > $idle;
}
is(scalar(hashing()), 0, 'nobody hashes');

# Many at once.
my ($left, $most, %count) = (200, 0);
http_drive(at => 40, until => 60,
    next => sub { $left-- > 0 ? $g->request(@request) : undef },
    done => sub {
	my ($req, $res) = @_;
	$count{$res->brief}++;
	is_problem($res, 503, 'SERVICE_UNAVAILABLE', 'not served')
	    if $res->status != 200;
    },
    tick => sub {
	my $n = hashing();
	$most = $n if $n > $most;
	return $left <= 0;
    });
is($most, 2, 'of eight workers two hash at once');
is($count{200} // 0, 200, 'and all logins are served') or
    diag(explain(\%count));

# No place is free.
ok(lock_places(WRITE, 0, 2), 'somebody has both places');
my $start = time;
my $res = $g->call(@request);
my $took = time - $start;
is_problem($res, 503, 'SERVICE_UNAVAILABLE', '... a login finds none');
like($res->header('Retry-After') // '', qr/^[1-9]\d*$/, '... and may come again');
cmp_ok($took, '<', 1.5, '... as it is told soon');
is_problem($g->call(POST => '/v1/users', json => {name => 'N',
    email => 'new@example.org', password => $user->{password}}), 503,
    'SERVICE_UNAVAILABLE', '... so does a sign-up');
is_status($g->call(GET => '/v1/users/me', as => $user), 200,
    '... who is logged in is served');
ok(lock_places(UNLOCK, 1, 1), 'one is given back');
is_status($g->call(@request), 200, '... and a login gets it');

# A worker is stopped at the one place that there is, and killed.
my ($end, $stopped) = (time + 30);
http_drive(at => 4, until => 40,
    next => sub { !$stopped && time < $end ? $g->request(@request) : undef },
    done => sub { },
    tick => sub {
	my ($pid) = hashing();
	return time >= $end if !$pid;
	kill STOP => $pid;
	sleep 0.2;
	# The others take it each 35 ms: it is held for good by a stopped one.
	if (is_held(1) && grep { $_ == $pid } hashing()) {
		$stopped = $pid;
		return 1;
	}
	kill CONT => $pid;
	return time >= $end;
    });
ok($stopped, 'a worker is stopped while it hashes');
is_problem($g->call(@request), 503, 'SERVICE_UNAVAILABLE',
    '... and has the place');
kill KILL => $stopped if $stopped;
ok($g->wait_for(sub { !is_held(1) }, 5), 'the kernel takes it back');
is_status($g->call(@request), 200, '... for the next login');
ok($g->wait_for(sub { $g->whole }, 10), 'the worker is started again');

done_testing;
