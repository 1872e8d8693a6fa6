#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Each kind of worker under valgrind, over 1,000 requests and more of every
# operation that reads: no error, no leak.
#
# It takes a build with --enable-valgrind, which tools/check makes: each arena
# allocation is one of its own there, so that an overrun of one is seen.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;
use Guerdon::Contract;
use Guerdon::Stack;

my $build = $ENV{GUERDON_VALGRIND_BUILD} //
    Guerdon::Stack::top() . '/build-valgrind';
plan skip_all => 'no build for valgrind: tools/check makes one'
    if !-x "$build/bin/fcgi-gw";
plan skip_all => 'valgrind is not installed'
    if !grep { -x "$_/valgrind" } split /:/, $ENV{PATH};
$build = abs_path($build);

# A build folder whose workers are scripts that start valgrind.
my $wrapped = tempdir('gvXXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$wrapped/$_" or die "$wrapped/$_: $!" for qw(bin bench log);
symlink "$build/bin/guerdon", "$wrapped/bin/guerdon" or die "symlink: $!";
for my $pool (qw(gw auth event)) {
	my $path = "$wrapped/bin/fcgi-$pool";

	open my $script, '>', $path or die "$path: $!";
	print $script "#!/bin/sh\n", join(' ', 'exec valgrind --quiet',
	    '--leak-check=full --show-leak-kinds=definite,indirect,possible',
	    '--errors-for-leak-kinds=definite,indirect --track-fds=no',
	    '--exit-on-first-error=no --num-callers=30',
	    '--suppressions=' . abs_path(Guerdon::Stack::top() .
	    '/t/valgrind.supp'), "--log-file=$wrapped/log/$pool.%p",
	    "$build/bin/fcgi-$pool", '"$@"'), "\n";
	close $script or die "$path: $!";
	chmod 0755, $path or die "$path: $!";
}
$ENV{GUERDON_BUILD} = $wrapped;

# valgrind is slow, and a worker's file is valgrind's: no wait for names.
my $g = Guerdon::Stack->new(workers => 1, start => 0,
    conf => {request_timeout => 30_000});
{
	no warnings 'redefine';
	*Guerdon::Stack::whole = sub { 1 };
}
$g->start;

my $user = $g->new_user;
my $event = $g->new_event;
my $claim = $g->claim($event, $user)->json;
my %ids = (eventId => $event->{eventId}, userId => $user->{userId},
    rewardId => $event->{rewards}[0]{rewardId},
    claimId => $claim->{claimId},
    sessionId => 'se_00000000000000000000000000');

# Requests that fail each in its way, as seldom as those that succeed.
my @odd = map { [$_->[0], $_->[1], as => $user, @$_[2 .. $#$_]] } (
    [GET => '/v1/events/nonsense'], [GET => '/v1/events?limit=0'],
    [GET => '/v1/events?cursor=AAAA'], [GET => '/v1/%2e%2e/x'],
    [PUT => '/v1/events'], [POST => '/v1/auth/login', json => {}],
    [POST => '/v1/auth/login', json => {email => $user->{email},
	password => 'not this one, no'}],
    [POST => '/v1/users', body => '{"email":'],
    [POST => '/v1/users', body => 'x', type => 'text/plain'],
    [POST => "/v1/events/$ids{eventId}/claims"]);

# Every operation that only reads, as somebody who may, and the odd ones.
sub calls {
	my @out = @odd;

	for my $op (grep { $_->{method} eq 'GET' } operations()) {
		my $path = $op->{path} =~ s/\{(\w+)\}/$ids{$1}/ger;
		my ($role) = grep { my $r = $_; grep { $_ eq $r }
		    @{$op->{roles}} } qw(ADMIN AUDITOR OPERATOR USER);
		push @out, [GET => $path, $op->{public} && defined $role ?
		    (as => $role eq 'USER' ? $user : $role) :
		    (on => $op->{service}, basic => 1)];
	}
	push @out, [POST => '/introspect', on => 'auth', basic => 1,
	    body => "token=$user->{token}",
	    type => 'application/x-www-form-urlencoded'];
	return @out;
}

my @calls = calls();
my ($count, $wanted, @wrong) = (0, 1000);
my %served = map { $_ => 0 } qw(gw auth event);
while (grep { $_ < $wanted } values %served) {
	for my $call (@calls) {
		my $res = $g->call(@$call, timeout => 60);
		my $pool = $call->[1] =~ m{^/(?:v1/(?:users|auth|staff)\b
		    (?!/\w+/(?:claims|audit|progress))|introspect)}x ?
		    'auth' : 'event';

		push @wrong, "$call->[0] $call->[1]: " . $res->brief
		    if $res->status >= 500 || $res->status == 0;
		$served{$pool}++;
		$served{gw}++ if !grep { ($_ // '') eq 'on' } @$call;
		$count++;
	}
	last if @wrong > 20;
}
is(join("\n", @wrong), '', "$count requests are answered");
cmp_ok($served{$_}, '>=', $wanted, "$_: $served{$_} of them")
    for sort keys %served;

# Some that write: of these each is told apart by what it made.
for my $n (1 .. 20) {
	my $made = $g->new_event(title => "Event $n");
	is($g->claim($made, $user)->status, 201, "claim $n");
}
is($g->call(PATCH => "/v1/events/$ids{eventId}", as => 'OPERATOR',
    json => {title => 'T'}, headers => ['If-Match', '*'])->status, 200,
    'a change');
$g->stop;

my @logs = glob "$wrapped/log/*";
cmp_ok(scalar @logs, '>=', 3, 'valgrind watched ' . scalar(@logs) .
    ' workers');
for my $log (@logs) {
	my $text = Guerdon::Stack::slurp($log);
	my ($name) = $log =~ m{([^/]+)$};

	ok($text eq '', "$name: no error, no leak") or diag $text;
}
done_testing;
