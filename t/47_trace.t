#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# W3C Trace Context: a valid traceparent is continued, an invalid one starts a
# new trace, and the request is served either way.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my ($id, $span) = ('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7');

sub ask {
	my (@parents) = @_;
	return $g->call(GET => '/v1/events', as => 'USER',
	    headers => [map { ('traceparent', $_) } @parents]);
}

my @continued = (
    ["00-$id-$span-01", 'sampled'],
    ["00-$id-$span-00", 'not sampled'],
    ["00-$id-$span-ff", 'unknown flags'],
    ["01-$id-$span-01", 'a later version'],
    ["cc-$id-$span-01-what-ever", 'a later version with more'],
);
my @anew = (
    ['', 'nothing'],
    ['00', 'only a version'],
    ["00-$id-$span", 'no flags'],
    ["00-$id-$span-1", 'flags of one digit'],
    ["00-$id-$span-01-more", 'more after version 00'],
    ["00-$id-$span-01,", 'a comma'],
    ["ff-$id-$span-01", 'version ff'],
    ["0-$id-$span-01", 'a version of one digit'],
    ["00-" . '0' x 32 . "-$span-01", 'a trace id of zeros'],
    ["00-$id-" . '0' x 16 . '-01', 'a span of zeros'],
    ['00-' . uc($id) . "-$span-01", 'upper case'],
    ["00-$id-" . uc($span) . '-01', 'upper case in the span'],
    ["0G-$id-$span-01", 'a version that is not hex'],
    ["00-${\ ($id =~ s/4/g/r)}-$span-01", 'an id that is not hex'],
    ["00-$id-$span-0x", 'flags that are not hex'],
    ["00_${id}_${span}_01", 'underscores'],
    ["00-" . substr($id, 1) . "-$span-01", 'a short id'],
    ["00-${id}0-$span-01", 'a long id'],
    ["\"00-$id-$span-01\"", 'quotes'],
    ['x' x 500, 'nonsense'],
);

for my $case (@continued) {
	my ($parent, $name) = @$case;
	my $res = ask($parent);
	is_status($res, 200, "$name: served");
	is($res->trace, $id, '... in the same trace');
	unlike($res->header('traceparent') // '', qr/$span/,
	    '... with a span of ours');
}
for my $case (@anew) {
	my ($parent, $name) = @$case;
	my $res = ask($parent);
	is_status($res, 200, "$name: served");
	ok(defined $res->trace && $res->trace ne $id && $res->trace !~ /^0+$/,
	    '... in a new trace');
}
my $res = ask("00-$id-$span-01", "00-$id-$span-01");
is_status($res, 200, 'two headers: served');
isnt($res->trace, $id, '... in a new trace');
$res = ask();
is_status($res, 200, 'none: served');
isnt($res->trace, ask()->trace, '... each in a trace of its own');

# The body of a problem, and the logs of all who had to do with it.
my $fresh = sprintf '%032x', 1 + int rand 2**31;
my @parent = (headers => ['traceparent', "00-$fresh-$span-01"]);
is_problem($g->call(GET => '/v1/nothing', @parent), 404, 'NOT_FOUND',
    'a problem in a given trace');
is($g->call(GET => '/v1/nothing', @parent)->get('traceId'), $fresh,
    '... names it');
my $event = $g->new_event;
$res = $g->claim($event, 'USER', @parent);
is($res->get('traceId'), $fresh, 'a claim names it');
is(($g->audit("traceId=$fresh", 1))[0]{traceId}, $fresh,
    'its audit record does');
for my $pool (qw(gw auth event)) {
	ok($g->wait_for(sub { grep { ($_->{traceId} // '') eq $fresh }
	    $g->log("fcgi-$pool") }, 2), "... and the log of fcgi-$pool");
}
is_status($g->call(GET => '/v1/users', on => 'auth', basic => 1, @parent),
    200, 'an internal port');
is($g->call(GET => '/v1/users', on => 'auth', basic => 1, @parent)->trace,
    $fresh, '... continues a trace too');

# Cross-check: tokens and passwords are in no log.
my $user = $g->new_user;
$g->call(GET => '/v1/events', as => $user);
my $logs = join '', map { Guerdon::Stack::slurp($_) } glob "$g->{home}/log/*";
for my $secret (qw(token refresh password)) {
	ok(index($logs, $user->{$secret}) < 0, "no log holds a $secret");
}
ok(index($logs, (split /\./, $user->{token})[2]) < 0,
    'no log holds the signature of a token');

done_testing;
