#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# 2,000 clients that send a head, or send a body, or read an answer by a byte
# every few seconds, and 10,000 that connect and say nothing: a normal client
# is served as ever.  All against one stack, on the loopback address.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open2 qw(open2);
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Http qw(http);
use Guerdon::Stack;

my %WANT = (headers => 670, bodies => 670, reads => 670, idle => 10_000);
my @KINDS = qw(headers bodies reads idle);
my $ALL = 0;
$ALL += $_ for values %WANT;
my $SECONDS = 24;		# how long the normal client goes on
my $PAUSE = 0.04;		# seconds between its requests
my $P99 = 1;			# seconds

# lighttpd takes half as many connections as it may have descriptors.  Where
# that is too few and can't be raised, as lighttpd.conf says: two processes.
my ($files) = qx(sh -c 'ulimit -Hn') =~ /^(\d+)/;
plan skip_all => "$ALL clients need as many descriptors, not $files"
    if defined $files && $files < $ALL + 100;
my $g = Guerdon::Stack->new(start => 0);
if (defined $files && $files < 2 * $ALL + 1000) {
	mkdir "$g->{home}/lighttpd.d" or die "lighttpd.d: $!";
	open my $fh, '>', "$g->{home}/lighttpd.d/workers.conf" or die;
	print $fh "server.max-worker = 2\n";
	close $fh or die "lighttpd.d: $!";
	diag("$files descriptors a process: two processes of lighttpd");
}
$g->start;
my $user = $g->new_user;
my @events = map { $g->new_event } 1 .. 10;

sub p99 { return (sort { $a <=> $b } @_)[int(0.99 * (@_ - 1))] }

# One request of the normal client, on a connection of its own.
my $n = 0;
sub ask {
	my $event = $events[$n % @events];
	my @call = ([GET => '/v1/users/me'], [GET => '/v1/events?limit=5'],
	    [GET => "/v1/events/$event->{eventId}"],
	    [POST => "/v1/events/$event->{eventId}/claims"]);
	my ($method, $path) = @{$call[$n++ % @call]};

	return $g->call($method => $path, as => $user, timeout => 10);
}

# A claim can be the second one of its event.
sub is_served {
	my ($res) = @_;

	return !$res->error && ($res->status =~ /^20[01]$/ ||
	    $res->code eq 'ALREADY_CLAIMED');
}

my @quiet = map { ask()->seconds } 1 .. 50;
my $slow = open2(my $out, my $in, Guerdon::Stack::build() . '/t/slow',
    $g->{port}{http}, @WANT{@KINDS});
$out->blocking(0);

# What it has said since: a hash for each second.
my $text = '';
my @said;
sub listen_to {
	while (sysread $out, $text, 65536, length $text) {}
	while ($text =~ s/^(.*)\n//) {
		my %line;
		@line{qw(at headers bodies reads idle again)} = split ' ', $1;
		push @said, \%line;
	}
	return @said;
}
sub all_open { return !grep { $_[0]{$_} < $WANT{$_} } @KINDS }

ok($g->wait_for(sub { listen_to() && all_open($said[-1]) }, 20),
    "$ALL clients are connected") or diag(explain($said[-1]));
my $from = @said;
my ($begun, @times, @failed) = (time);
while (time < $begun + $SECONDS) {
	my $res = ask();

	push @times, $res->seconds;
	push @failed, $res->brief if !is_served($res);
	listen_to();
	sleep $PAUSE;
}
my @during = @said[$from .. $#said];
close $in;
waitpid $slow, 0;
is($?, 0, 'the slow clients end');

cmp_ok(scalar @times, '>=', 200, @times . ' requests of a normal client in ' .
    "$SECONDS s");
is(join(', ', @failed), '', '... are all served');
cmp_ok(p99(@times), '<', $P99, sprintf '... p99 %.0f ms, the slowest %.0f ms',
    1000 * p99(@times), 1000 * (sort { $a <=> $b } @times)[-1]);
diag(sprintf '%d requests among %d slow and idle clients: p99 %.0f ms, ' .
    'the slowest %.0f ms; before: p99 %.0f ms', scalar @times, $ALL,
    1000 * p99(@times), 1000 * (sort { $a <=> $b } @times)[-1],
    1000 * p99(@quiet));

# They were there all the time: an end is followed by a new connection at once.
cmp_ok(scalar @during, '>=', $SECONDS - 4, 'the slow clients were counted');
for my $kind (@KINDS) {
	my ($least) = sort { $a <=> $b } map { $_->{$kind} } @during;
	cmp_ok($least // 0, '>=', 0.9 * $WANT{$kind},
	    "$kind: at least " . ($least // 0) . " of $WANT{$kind}");
}
my @open = map { my $s = $_; my $sum = 0; $sum += $s->{$_} for @KINDS; $sum }
    @during;
cmp_ok((sort { $a <=> $b } @open)[int(@open / 2)] // 0, '>=', 0.99 * $ALL,
    '... and nearly all of them most of the time');

# They are gone, and the stack is as it was.
ok($g->wait_for(sub { is_served(ask()) && ask()->seconds < 0.5 }, 10),
    'afterwards it is served, too');
is(scalar(grep { ($_->{status} // 0) >= 500 } map { $g->log("fcgi-$_") }
    qw(gw auth event)), 0, 'no worker has answered with a 5xx');
done_testing;
