#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Bodies: the media types that an operation names and no other, and sizes up
# to the limit.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $small = '{"title":"T","startsAt":"2020-01-01T00:00:00Z",' .
    '"endsAt":"2030-01-01T00:00:00Z"}';
my @strange = ('text/plain', 'application/xml', 'application/json5',
    'application/problem+json', 'multipart/form-data', 'json', '*/*',
    'application/x-www-form-urlencoded', 'application/merge-patch+json',
    'application/json');

# An admin may call everything; what has no object there is measured first.
for my $op (grep { @{$_->{media}} } operations()) {
	my $path = $op->{path} =~ s/\{\w+\}/xx_00000000000000000000000000/gr;
	my %named = map { $_ => 1 } @{$op->{media}};
	my %caller = $op->{public} ? (as => 'ADMIN') :
	    (on => $op->{service}, basic => 1);
	my @wrong;
	for my $type (grep { !$named{$_} } @strange) {
		my $res = $g->call($op->{method} => $path, %caller,
		    type => $type, body => '{}');
		push @wrong, "$type: " . $res->brief if $res->status != 415;
	}
	my $res = $g->call($op->{method} => $path, %caller, type => '',
	    body => '{}');
	push @wrong, 'none: ' . $res->brief if $res->status != 415;
	for my $type (@{$op->{media}}, map { uc } @{$op->{media}}) {
		$res = $g->call($op->{method} => $path, %caller,
		    type => "$type; charset=utf-8", body => '{}');
		push @wrong, "$type: " . $res->brief if $res->status == 415;
	}
	is(join('; ', @wrong), '',
	    "$op->{id}: @{$op->{media}}, else 415");
}
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR', body => $small,
    type => 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE',
    '415 is a problem document');

# Both media types of PATCH mean the same.
for my $type ('application/merge-patch+json', 'application/json') {
	my $event = $g->new_event(description => 'old');
	my $res = $g->call(PATCH => "/v1/events/$event->{eventId}",
	    as => 'OPERATOR', headers => ['If-Match', '*'], type => $type,
	    json => {description => undef, title => 'new'});
	is_status($res, 200, "PATCH as $type");
	is($res->get('title'), 'new', '... sets a member');
	is($res->get('description'), undef, '... and takes one away');
}

# Sizes.  White space is part of a text, and the limit is on bytes.
sub padded { return $small . ' ' x ($_[0] - length $small) }

my $limit = 65536;
is_status($g->call(POST => '/v1/events', as => 'OPERATOR',
    body => padded($limit)), 201, 'a body of exactly the limit');
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR',
    body => padded($limit + 1)), 413, 'BODY_TOO_LARGE', 'a byte more is 413');
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR',
    body => padded(300_000)), 413, 'BODY_TOO_LARGE',
    '... and so is what no worker keeps');
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR',
    body => padded(1_100_000)), 413, 'BODY_TOO_LARGE',
    '... and what the front server refuses', front => 1);
is_problem($g->call(GET => '/v1/events', as => 'OPERATOR',
    body => padded($limit + 1)), 413, 'BODY_TOO_LARGE',
    '... also where no body is wanted');
is_status($g->call(GET => '/v1/events', as => 'OPERATOR',
    body => padded(1000)), 200, 'a body that nobody wants is passed over');
is_problem($g->call(POST => '/v1/events', on => 'event', basic => 1,
    body => padded($limit + 1)), 413, 'BODY_TOO_LARGE',
    'the internal port has the same limit');
is_problem($g->call(GET => '/v1/users', on => 'auth', basic => 1,
    body => padded($limit + 1)), 413, 'BODY_TOO_LARGE',
    '... also where no body is wanted');

# Encodings of the message.
is_status($g->call(POST => '/v1/events', as => 'OPERATOR',
    chunks => [substr($small, 0, 10), substr $small, 10]), 201,
    'a chunked body');
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR',
    chunks => [padded($limit), ' ']), 413, 'BODY_TOO_LARGE',
    'a chunked body over the limit');
is_status($g->call(POST => '/v1/events', as => 'OPERATOR', body => $small,
    headers => ['Expect', '100-continue']), 201, 'Expect: 100-continue');

# No body at all.
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR',
    type => 'application/json'), 400, 'MALFORMED_JSON',
    'an empty body is no JSON');
my $event = $g->new_event;
is_status($g->claim($event, 'USER'), 201, 'a claim needs no body');
is_status($g->claim($g->new_event, 'USER', json => {}), 201,
    '... but may have {}');
is_problem($g->claim($g->new_event, 'USER', body => '{}', type => 'text/plain'),
    415, 'UNSUPPORTED_MEDIA_TYPE', '... of the right media type');

done_testing;
