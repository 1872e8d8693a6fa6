#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Nothing that a client sends can pass for what our processes tell each other:
# no header, however it is spelled, says who the caller is.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $key = $g->node_key;
my $admin = $g->person('ADMIN')->{userId};
my %claim = (ROLE => 'ADMIN', SUBJECT => $admin, NODE_KEY => $key,
    SESSION => 'se_00000000000000000000000000', LISTENER => 'ops');
my @spellings = (sub { "GUERDON_$_[0]" }, sub { "Guerdon-$_[0]" =~ tr/_/-/r },
    sub { "GUERDON.$_[0]" =~ tr/_/./r }, sub { "X-Guerdon-$_[0]" =~ tr/_/-/r },
    sub { lc "guerdon_$_[0]" }, sub { "HTTP_GUERDON_$_[0]" },
    sub { "X_GUERDON_$_[0]" });

is(length $key, 64, 'the node key is known to this test');
for my $spell (@spellings) {
	my @headers = map { ($spell->($_), $claim{$_}) } sort keys %claim;
	for my $port (qw(http auth event)) {
		my $path = $port eq 'event' ? '/v1/audit' : '/v1/users';
		is_status($g->call(GET => $path, on => $port,
		    headers => \@headers), 401, "$port: $headers[0]");
	}
	is_status($g->call(GET => '/v1/users', as => 'USER',
	    headers => \@headers), 403, "... with a USER's token");
	is($g->call(GET => '/v1/users/me', as => 'USER',
	    headers => \@headers)->get('userId'), $g->person('USER')->{userId},
	    '... who stays who they are');
	is_status($g->call(GET => '/healthz', headers => \@headers), 404,
	    '... and the operations port is another');
}

# Neither can other parameters of FastCGI be named.
for my $name (qw(REQUEST_URI REQUEST_METHOD REMOTE_USER AUTH_TYPE
    CONTENT_LENGTH- SCRIPT_NAME X-Original-URL X-Rewrite-URL
    X-HTTP-Method-Override X-Forwarded-User)) {
	is_problem($g->call(GET => '/v1/audit', as => 'USER', headers =>
	    [$name, $name =~ /METHOD/i ? 'POST' : '/v1/events']), 403,
	    'INSUFFICIENT_ROLE', "$name means nothing");
}

# A header that is another's name with an underscore is that header to CGI:
# two of them are no better than one.
my $token = $g->token('USER');
is_status($g->call(GET => '/v1/events', headers => ['Authorization',
    "Bearer $token", 'authorization', 'Bearer x']), 401,
    'two spellings of one header do not pass');

# A claim is of the token's subject, whatever the body or query says.
my $event = $g->new_event;
is_problem($g->claim($event, 'USER', json => {userId => $admin}), 400,
    'VALIDATION_FAILED', 'a claim for somebody else');
is($g->claim($event, 'USER', headers => ['Guerdon-Subject', $admin])
    ->get('userId'), $g->person('USER')->{userId}, '... is for oneself');

# Two messages in one: the front server has one reading of the length.
my $body = '{}';
for my $raw ("POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" .
    "Content-Length: 30\r\n\r\n$body",
    "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" .
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n$body",
    "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n$body",
    "GET /v1/events HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
    "GET /v1/events HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") {
	my $res = $g->call(GET => '/', raw => $raw);
	is($res->status, 400, 'an ambiguous message is 400') or
	    diag($raw, $res->brief);
}

done_testing;
