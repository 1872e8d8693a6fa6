#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# 10,000 random trees of conditions, judged by the evaluator and by a naive one
# written here: both come to the same.  And 1,000 claims with conditions: each
# is explained as it was judged.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open2;
use Test::More;
use Guerdon::Http qw(http_drive);
use Guerdon::Mongo;
use Guerdon::Stack;

my $trees = $ENV{GUERDON_TREES} // 10_000;
my $json = JSON::PP->new->canonical->allow_nonref;
my $day = 86_400_000;
my @ops = qw(GTE GT LTE LT EQ NE);
my $seed = time;

srand $seed;
diag("seed $seed");
sub pick { return $_[rand @_] }
sub long { return {'$numberLong' => "$_[0]"} }

# --- the naive evaluator ---------------------------------------------------

my %compare = (GTE => sub { $_[0] >= $_[1] }, GT => sub { $_[0] > $_[1] },
    LTE => sub { $_[0] <= $_[1] }, LT => sub { $_[0] < $_[1] },
    EQ => sub { $_[0] == $_[1] }, NE => sub { $_[0] != $_[1] });

sub naive_metric {
	my ($node, $facts, $today) = @_;
	my $days = $facts->{metrics}{$node->{metric}} // {};
	my $first = $node->{window} eq 'EVENT' ? int($facts->{starts} / $day) :
	    $today + 1 - ($node->{window} =~ /^P(\d+)W$/ ? 7 * $1 :
	    ($node->{window} =~ /(\d+)/)[0]);
	my @in = grep { $_ >= $first && $_ <= $today && $days->{$_}[1] > 0 }
	    keys %$days;
	my %in = map { $_ => 1 } @in;
	my ($sum, $count, $streak) = (0, 0, 0);

	$sum += $days->{$_}[0], $count += $days->{$_}[1] for @in;
	my $at = $in{$today} ? $today : $today - 1;
	$streak++ while $in{$at--};
	return {SUM => $sum, COUNT => $count, DAYS => scalar @in,
	    STREAK => $streak}->{$node->{aggregate}};
}

sub naive_attribute {
	my ($node, $facts) = @_;
	my $have = $facts->{attributes}{$node->{attribute}} // return 0;
	my $same = sub { ref $have eq ref $_[0] && (ref $have ?
	    $$have == ${$_[0]} : $have eq $_[0]) };

	return !!grep { $same->($_) } @{$node->{in}} if $node->{in};
	return $node->{op} eq 'NE' if ref $have ne ref $node->{value};
	return $same->($node->{value}) == ($node->{op} eq 'EQ') if !ref $have;
	return $compare{$node->{op}}->($$have, ${$node->{value}});
}

sub naive {
	my ($node, $facts, $now) = @_;

	return !grep { !naive($_, $facts, $now) } @{$node->{all}}
	    if $node->{all};
	return !!grep { naive($_, $facts, $now) } @{$node->{any}}
	    if $node->{any};
	return !naive($node->{not}, $facts, $now) if $node->{not};
	return naive_attribute($node, $facts) if $node->{attribute};
	return !!grep { $_ eq $node->{claimed} } @{$facts->{claimed}}
	    if $node->{claimed};
	my $actual = $node->{metric} ?
	    naive_metric($node, $facts, int($now / $day)) :
	    int(($now - $facts->{signed}) / $day);
	return $compare{$node->{op}}->($actual, ${$node->{value}});
}

# --- random input: a number is a reference to it ---------------------------

sub random_leaf {
	my $kind = int rand 5;

	return {metric => pick('a', 'b.c'), aggregate => pick(qw(SUM COUNT DAYS
	    STREAK)), op => pick(@ops), value => \int(rand 12),
	    window => pick('EVENT', 'P1D', 'P3D', 'P1W', 'P30D')}
	    if $kind < 2;
	return {claimed => 'ev_' . int rand 4} if $kind == 2;
	return {accountAge => 'DAYS', op => pick(@ops), value => \int(rand 9)}
	    if $kind == 3;
	my @value = map { rand() < 0.5 ? \int(rand 4) : pick(qw(KR DE)) } 1 .. 3;
	return {attribute => pick(qw(x y z)), in => \@value} if rand() < 0.3;
	return {attribute => pick(qw(x y z)), value => $value[0],
	    op => ref $value[0] ? pick(@ops) : pick(qw(EQ NE))};
}

sub random_tree {
	my ($depth) = @_;
	my $kind = $depth >= 5 ? 9 : int rand 6;

	return {not => random_tree($depth + 1)} if $kind == 0;
	return {pick(qw(all any)) => [map { random_tree($depth + 1) }
	    1 .. 1 + rand 3]} if $kind < 4;
	return random_leaf();
}

sub random_facts {
	my ($now) = @_;
	my %metrics;

	for my $metric ('a', 'b.c') {
		for (0 .. 14) {
			$metrics{$metric}{int($now / $day) - $_} =
			    [int(rand 6) - 1, int rand 3] if rand() < 0.7;
		}
	}
	return {starts => $now - int rand 12 * $day, signed => $now -
	    int rand 10 * $day, metrics => \%metrics, claimed =>
	    [grep { rand() < 0.5 } map { "ev_$_" } 0 .. 3], attributes =>
	    {map { ($_ => rand() < 0.5 ? \int(rand 4) : pick(qw(KR DE))) }
	    grep { rand() < 0.7 } qw(x y z)}};
}

# The same in the form that is stored.
sub stored {
	my ($x) = @_;

	return [map { stored($_) } @$x] if ref $x eq 'ARRAY';
	return {map { ($_ => stored($x->{$_})) } keys %$x} if ref $x eq 'HASH';
	return ref $x ? long($$x) : $x;
}

sub stored_facts {
	my ($f) = @_;

	return {startsAt => {'$date' => long($f->{starts})},
	    signedUpAt => {'$date' => long($f->{signed})},
	    attributes => stored($f->{attributes}), claimed => $f->{claimed},
	    metrics => [map { my $m = $_; {metric => $m, days => [map {
	    {day => long($_), sum => long($f->{metrics}{$m}{$_}[0]),
	    count => long($f->{metrics}{$m}{$_}[1])} }
	    sort { $a <=> $b } keys %{$f->{metrics}{$m}}]} }
	    sort keys %{$f->{metrics}}]};
}

my $pid = open2(my $out, my $in, Guerdon::Stack::build() . '/t/18_condition',
    '-');
my (%seen, @wrong);
for (1 .. $trees) {
	my $now = 1_750_000_000_000 + int rand 30 * $day;
	my ($tree, $facts) = (random_tree(1), random_facts($now));
	my $line = $json->encode({tree => stored($tree), facts =>
	    stored_facts($facts), now => long($now)});
	print $in "$line\n";
	$in->flush;
	my $answer = <$out> // last;
	my $want = naive($tree, $facts, $now) ? 1 : 0;
	$seen{$want}++;
	push @wrong, "$want: $line" if $answer !~ /^$want /;
	last if @wrong > 3;
}
close $in;
waitpid $pid, 0;
is(join("\n", @wrong), '', "$trees trees are judged alike");
is(($seen{0} // 0) + ($seen{1} // 0), $trees, '... all of them');
cmp_ok($seen{$_} // 0, '>', $trees / 5, "... $_ often enough") for 0, 1;

# --- claims are explained as they were judged ------------------------------

my $claims = $ENV{GUERDON_CLAIMS} // 1000;
my $g = Guerdon::Stack->new(workers => 4);
my @users = $g->new_people($claims / 20);
my @events = map { $g->new_event(conditions => {any => [
    {metric => 'a', aggregate => 'SUM', op => 'GTE', value => int rand 5,
    window => 'P7D'}, {accountAge => 'DAYS', op => 'GTE', value => 0},
    {attribute => 'level', op => 'GT', value => int rand 5}]}) } 1 .. 20;
for my $some (0 .. $#users) {
	$g->call(POST => '/v1/activities', as => 'OPERATOR', json => {activities
	    => [map { {activityId => "r-$some-$_", metric => 'a', userId =>
	    $users[$some]{userId}} } 1 .. 1 + rand 6]}) if $some % 2;
	$g->call(PUT => "/v1/users/$users[$some]{userId}/attributes",
	    as => 'OPERATOR', json => {attributes => {level => int rand 9}})
	    if $some % 3;
}
my @pairs = map { my $e = $_; map { [$e, $_] } @users } @events;
my @ids;
http_drive(at => 16, until => 60, next => sub {
	my $pair = shift @pairs // return;
	return $g->request(POST => "/v1/events/$pair->[0]{eventId}/claims",
	    as => $pair->[1]);
    }, done => sub { push @ids, $_[1]->get('claimId')
	if $_[1]->status == 201 }, tick => sub { !@pairs });
is(scalar @ids, $claims, "$claims claims");
open my $list, '>', "$g->{home}/ids" or die;
print $list map { "$_\n" } @ids;
close $list;
my $text = qx{'@{[Guerdon::Stack::build()]}/bin/guerdon' -c '@{[$g->conf_path
    ]}' explain - <'$g->{home}/ids'};
is($?, 0, '... are explained');
is(scalar(() = $text =~ /, as it was judged then$/mg), $claims,
    '... each as it was judged');

done_testing;
