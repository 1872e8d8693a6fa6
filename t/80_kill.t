#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Every worker killed -9 in turn, under load: only requests in flight fail,
# each at most once, the pool is whole within a second, and the audit has every
# attempt that was answered.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Load;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 3);
my $load = Guerdon::Load->new($g, users => 6, events => 100);
my %size = (gw => 3, auth => 5, event => 5);
my @workers = map { my $p = $_; map { [$p, $_] } $g->workers($p) }
    sort keys %size;

is(scalar @workers, 13, '13 workers');
my @kills = $load->disturb(
    sub { kill KILL => $_[1] or die "kill: $!" },
    sub {
	my ($pool, $pid) = @_;
	my @now = $g->workers($pool);
	return @now == $size{$pool} && !grep { $_ == $pid } @now;
    }, 5, @workers);
is(scalar @kills, 13, 'each was killed');
for my $kill (@kills) {
	my ($pool, $pid, $when, $took) = @$kill;
	cmp_ok($took, '<', 1, sprintf "a pool of %s is whole after %.0f ms",
	    $pool, 1000 * $took);
}

my @failed = @{$load->{failed}};
diag(sprintf '%d requests, %d claims, %d failed', $load->{count},
    scalar @{$load->{claims}}, scalar @failed);
is(join("\n", map { $_->brief } @{$load->{odd}}), '', 'no odd answer');
is(scalar $load->stray(map { $_->[2] } @kills), 0,
    'only requests in flight failed');
for my $kill (@kills) {
	my ($pool, $pid, $when) = @$kill;
	my @lost = grep { $_->begun <= $when + 0.01 && $_->ended >= $when }
	    @failed;
	cmp_ok(scalar @lost, '<=', $pool eq 'gw' ? 1 : 0, "a killed worker of " .
	    "$pool loses " . ($pool eq 'gw' ? 'one at most' : 'none'))
	    or diag(map { $_->request->{path} . ' ' . $_->brief . "\n" } @lost);
}

# What failed is done by a second try, and done once.
my $m = Guerdon::Mongo->new($g);
for my $res (@failed) {
	my $req = $res->request;
	my $again = Guerdon::Http::http($req);
	my $good = $again->status == 200 || $again->status == 201 ||
	    $again->code eq 'ALREADY_CLAIMED';
	ok($good, 'a second try is answered: ' . $again->brief);
	next if !$req->{event};
	my $first = $again->get('claimId');
	is(Guerdon::Http::http($req)->get('claimId'), $first,
	    '... and a third one by the same claim');
	push @{$load->{claims}}, $again if $again->status == 201;
}
my (%claims, @twice);
for my $claim ($m->find('claims', [])) {
	push @twice, $claim->{_id}
	    if $claims{"$claim->{userId} $claim->{eventId}"}++;
}
is("@twice", '', 'no claim is there twice');
is($m->count('claims', [_id => $_->get('claimId')]), 1,
    'an answered claim is there') for @{$load->{claims}}[0, -1];

# The audit, by the traces of all answers.
my %answered = map { $_->trace => $_->get('claimId') } @{$load->{claims}};
my %recorded;
$g->wait_for(sub {
	%recorded = map { $_->{traceId} => $_->{result}{claimId} // '' }
	    $g->list('/v1/audit?limit=100', as => 'AUDITOR');
	return !grep { !exists $recorded{$_} } keys %answered;
}, 5);
cmp_ok(scalar keys %answered, '>', 50, scalar(keys %answered) .
    ' claims were answered');
is(scalar(grep { ($recorded{$_} // '') ne $answered{$_} } keys %answered), 0,
    'the audit has each, with its claim');
is(scalar(grep { !$m->count('claims', [_id => $answered{$_}]) }
    keys %answered), 0, 'and each claim is there');

done_testing;
