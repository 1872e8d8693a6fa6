#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A changed contract is taken at a reload; one that is wrong is not, and the
# old one stays in force.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(start => 0);
my $share = "$g->{home}/share";
my %text;

mkdir $share or die "$share: $!";
for my $name (qw(auth event)) {
	mkdir "$share/fcgi-$name";
	$text{$name} = Guerdon::Stack::slurp(Guerdon::Stack::top() .
	    "/fcgi-$name/api.json");
	put($name, $text{$name});
}
$g->{conf} = {share => $share};
$g->start;

sub put {
	my ($name, $text) = @_;
	open my $fh, '>', "$share/fcgi-$name/new" or die "$name: $!";
	print $fh $text;
	close $fh or die "$name: $!";
	rename "$share/fcgi-$name/new", "$share/fcgi-$name/api.json" or die;
}

# How often the workers said this since the start.
sub said {
	my ($pool, $what) = @_;
	return scalar grep { $_->{message} =~ $what } $g->log("fcgi-$pool");
}

# USR2 to all supervisors; until all workers of these pools have said it.
sub reload {
	my ($what, @pools) = @_;
	my %before = map { $_ => said($_, $what) } @pools;
	kill USR2 => $g->pool_pid($_) for qw(gw auth event);
	return $g->wait_for(sub { !grep { said($_, $what) <
	    $before{$_} + $g->size($_) } @pools }, 5);
}

my @call = (GET => '/v1/events', as => 'USER');
is_status($g->call(@call), 200, 'a USER lists events');

# A role less, and the answer that goes with it.
my ($list) = $text{event} =~
    /("operationId": "event_list".*?"responses": \{)/s;
my $less = ($list =~ s/"x-roles": \["USER", /"x-roles": [/r) .
    '"403": {"$ref": "#/components/responses/InsufficientRole"},';
isnt($less, $list, 'the contract is changed');
put('event', $text{event} =~ s/\Q$list\E/$less/r);
is_status($g->call(@call), 200, 'before the reload nothing changes');
ok(reload(qr/^reloaded$/, qw(gw event)), 'all workers reload');
is(join(' ', map { $g->call(@call)->status } 1 .. 6), '403 403 403 403 403 403',
    '... and a USER may not');
is_status($g->call(GET => '/v1/events', as => 'OPERATOR'), 200,
    '... but an OPERATOR');

# A contract that is wrong.
for my $case (['not JSON', '{'], ['empty', ''],
    ['an unknown keyword', $text{event} =~ s/"minLength"/"minLenght"/r],
    ['an operation without a handler', $text{event} =~
    s/"claim_mine"/"claim_yours"/r]) {
	my ($name, $bad) = @$case;
	put('event', $bad);
	ok(reload(qr/^reload refused/, 'event'), "$name: the workers refuse it");
	is(join(' ', map { $g->call(@call)->status } 1 .. 4), '403 403 403 403',
	    '... and the old one stays in force');
	is_status($g->call(GET => '/v1/openapi.json', on => 'event'), 200,
	    '... and is shown');
}

# And back.
put('event', $text{event});
ok(reload(qr/^reloaded$/, qw(gw event)), 'the first one is taken again');
is(join(' ', map { $g->call(@call)->status } 1 .. 6), '200 200 200 200 200 200',
    '... and a USER lists events');
is($g->call(GET => '/v1/openapi.json', on => 'event')->body =~ /"event_list"/,
    1, '... and the document is that one');

done_testing;
