#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Introspection [RFC 7662]: for the service alone, and anything wrong with a
# token is {"active":false} and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->new_user;
my $good = $user->{token};
my $claims = $Guerdon::Stack::json->decode(
    Guerdon::Stack::from_base64url((split /\./, $good)[1]));
my $now = time;

sub escape { return $_[0] =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger }

sub introspect {
	my ($token, %o) = @_;

	return $g->call(POST => '/introspect', on => 'auth', basic => 1,
	    type => 'application/x-www-form-urlencoded',
	    body => 'token=' . escape($token), %o);
}

# Who may ask, and how.
my $res = introspect($good);
is_status($res, 200, 'a good token');
is(members($res), 'active exp iat jti role sid sub', '... is described');
is($res->get('sub'), $user->{userId}, '... its subject');
is($res->get('role'), 'USER', '... the role, as it is now');
is($res->get($_), $claims->{$_}, "... its $_") for qw(sid exp iat jti);
like($res->body, qr/"active":true/, '... active');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
is_status(introspect($good, basic => undef), 401, 'without a credential: 401');
is_status(introspect($good, basic => 'x:y'), 401, 'with a wrong one: 401');
is_status(introspect($good, basic => undef, as => 'ADMIN'), 401,
    "with an administrator's token: 401");
is_problem($g->call(GET => '/introspect', on => 'auth', basic => 1), 405,
    'METHOD_NOT_ALLOWED', 'GET: 405');
is_status(introspect($good, type => 'application/json', body =>
    "{\"token\":\"$good\"}"), 415, 'as JSON: 415');
is_status(introspect($good, body => 'token=' . escape($good) .
    '&token_type_hint=refresh_token'), 200, 'a hint is accepted');
has_fault(introspect('', body => 'token_type_hint=x'), '/token',
    'no token at all');
is_status(introspect('', body => "token=x&token=$good"), 400,
    'two tokens: 400');
is_status(introspect('', body => "token=$_"), 400, "a form with $_: 400")
    for '%zz', '%00', '%ff';
is_status($g->call(POST => "/introspect?token=$good", on => 'auth', basic => 1,
    type => 'application/x-www-form-urlencoded', body => 'token=x'), 400,
    'a token in the query: 400');

# Signed here, with the right key.
sub claim { return $g->forge($good, claims => {@_}) }

is(introspect(claim())->get('active'), JSON::PP::true,
    'what is signed here as auth signs is active');

# The tricks are in 55_hostile_tokens.t.
$res = introspect('x');
is($res->body, '{"active":false}', 'a token that is none is not active');
is($res->header('Cache-Control'), 'no-store',
    'also {"active":false} is not to be kept');

# The leeway is for clocks: five seconds either way.
is(introspect(claim(iat => $now - 100, exp => time - 1))->body =~ /true/, 1,
    'a second over, within the leeway');
is(introspect(claim(iat => time + 3))->body =~ /true/, 1,
    'made three seconds from now');

# A verdict changes with the user.
is_status($g->call(PATCH => "/v1/users/$user->{userId}", as => 'ADMIN',
    json => {role => 'AUDITOR'}), 200, 'the role is changed');
is(introspect($good)->get('role'), 'AUDITOR', '... and seen');
is_status($g->call(POST => '/v1/auth/logout', as => $user), 204, 'logged out');
is(introspect($good)->body, '{"active":false}', '... and not active');

done_testing;
