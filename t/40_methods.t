#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Every path of every listener: OPTIONS is 204 with Allow, a method that the
# path doesn't have is 405 with the same Allow, HEAD is GET without a body, and
# an unknown path is 404.  None of it needs credentials.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @methods = qw(GET HEAD POST PUT PATCH DELETE TRACE PROPFIND);

sub set { return join ' ', sort map { split /\s*,\s*/ } @_ }

for my $on (['http', 'public'], ['auth', 'auth'], ['event', 'event']) {
	my ($port, $which) = @$on;
	my %paths = (%{paths($which)}, '/v1/openapi.json' => ['GET']);

	for my $path (sort keys %paths) {
		my %has = map { $_ => 1 } @{$paths{$path}}, 'OPTIONS';
		$has{HEAD} = $has{GET};
		my $allow = set(grep { $has{$_} } keys %has);
		my $target = $path =~ s/\{\w+\}/xx_00000000000000000000000000/gr;
		my $res = $g->call(OPTIONS => $target, on => $port);
		my @not = grep { !$has{$_} } @methods;
		my @answers = http_all(map { $g->request($_ => $target,
		    on => $port) } @not);
		my @wrong = grep { set($_->all('Allow')) ne $allow ||
		    $_->status != 405 || ($_->request->{method} ne 'HEAD' &&
		    $_->code ne 'METHOD_NOT_ALLOWED') } @answers;
		is("@{[$res->status, set($res->all('Allow'))]}", "204 $allow",
		    "$port: OPTIONS $path");
		is($res->body, '', '... has no body');
		is(join('; ', map { $_->request->{method} . ' ' . $_->brief }
		    @wrong), '', "$port: @not $path are 405");
	}
	for my $path ('/', '/v1', '/v1/', '/v1/nothing', '/v1/events/',
	    '//v1/events', '/V1/events', '/v1/events/x/y/z') {
		is_problem($g->call(GET => $path, on => $port), 404,
		    'NOT_FOUND', "$port: $path is 404");
	}
}
is_problem($g->call(GET => '/introspect'), 404, 'NOT_FOUND',
    'what is internal is not there on the public port');
is_problem($g->call(POST => '/introspect'), 404, 'NOT_FOUND',
    '... with its own method too');
is_problem($g->call(GET => '/internal/health'), 404, 'NOT_FOUND',
    '... nor is /internal');
is_problem($g->call(GET => '/healthz'), 404, 'NOT_FOUND',
    '... nor what belongs to the operations port');

# A whole 405, seen once in full.
is_problem($g->call(DELETE => '/v1/events'), 405, 'METHOD_NOT_ALLOWED',
    '405 is a problem document');
is_problem($g->call(TRACE => '/v1/events', as => 'USER'), 405,
    'METHOD_NOT_ALLOWED', 'TRACE is 405');

my $event = $g->new_event;
for my $path ('/v1/events', "/v1/events/$event->{eventId}",
    '/v1/users/me', '/v1/openapi.json') {
	my ($get, $head) = http_all(map { $g->request($_ => $path,
	    as => 'USER') } qw(GET HEAD));
	is($head->status, 200, "HEAD $path");
	is($head->body, '', '... has no body');
	for my $name (qw(Content-Type Content-Length ETag)) {
		is($head->header($name), $get->header($name),
		    "... has GET's $name");
	}
}
my $missing = $g->call(HEAD => '/v1/events/ev_00000000000000000000000000',
    as => 'USER');
is($missing->status . $missing->body, '404', 'HEAD of what is not there');
is_status($g->call(HEAD => '/v1/events'), 401, 'HEAD without credentials');

# An unknown method is refused by the front server, as a problem too.
is_problem($g->call(NONSENSE => '/v1/events'), 501, 'NOT_IMPLEMENTED',
    'an unknown method is 501', front => 1);

my $user = $g->new_user;
my $out = $g->call(POST => '/v1/auth/logout', as => $user);
is_status($out, 204, 'logout is 204');
is($out->body, '', '... without a body');

done_testing;
