#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A stack starts once however often it is started, stops whole, and comes back
# with its data.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event;
my $claim = $g->claim($event, 'USER')->json;
my $before = join ' ', sort $g->processes;

cmp_ok(scalar $g->processes, '>=', 2 + 4 + 4 + 3 + 1,
    'workers, supervisors and lighttpd');
$g->stack('start');
is(join(' ', sort $g->processes), $before, 'started again, nothing changes');
my ($out, $status) = $g->run(Guerdon::Stack::top() . '/tools/stack', 'status');
is($status, 0, 'status: 0 while it runs') or diag($out);

$g->stack('stop');
is(join(' ', $g->processes), '', 'stopped, no process is left');
is(scalar(grep { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $_) } values %{$g->{port}}), 0, '... and no port is open');
is(join(' ', glob "$g->{home}/run/*.sock $g->{home}/run/*.pid"), '',
    '... and neither socket nor pid file');
($out, $status) = $g->run(Guerdon::Stack::top() . '/tools/stack', 'status');
is($status, 3, 'status: 3 when it is stopped') or diag($out);
$g->stack('stop');
is(join(' ', $g->processes), '', 'stopped again, nothing happens');

$g->start;
is_deeply($g->call(GET => "/v1/claims/$claim->{claimId}", as => 'USER')->json,
    $claim, 'started, what was there is there, tokens too');

# What lies about of a stack that was killed does not matter.
kill KILL => $g->processes;
ok($g->wait_for(sub { !$g->processes }, 5), 'all of it is killed') or
    diag(map { Guerdon::Stack::slurp("/proc/$_/stat") } $g->processes);
$g->start;
is($g->call(GET => "/v1/claims/$claim->{claimId}", as => 'USER')
    ->get('claimId'), $claim->{claimId}, '... and it starts');

# Nobody else reads what is ours.
my @open = grep { (stat)[2] & 077 } map { glob "$g->{home}/$_" } '.', 'keys',
    'keys/*', 'keys/auth/*', 'keys/auth/token/*', 'demo.env', 'guerdon.conf',
    'log', 'data', 'data/spool';
is("@open", '', 'folders and secrets are for their owner alone');

done_testing;
