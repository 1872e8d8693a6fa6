#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Introspection [RFC 7662]: for the service alone, and anything wrong with a
# token is {"active":false} and nothing else.  The tokens here are the tricks
# of RFC 8725 and of libraries' bugs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512);
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->new_user;
my $other = $g->new_user;
my $good = $user->{token};
my ($head, $payload) = map { Guerdon::Stack::from_base64url($_) }
    (split /\./, $good)[0, 1];
my $claims = $Guerdon::Stack::json->decode($payload);
my ($kid) = $head =~ /"kid":"([^"]+)"/;
my $key = $g->token_key;
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

# Signed here, with the right key unless it says otherwise.
sub claim { return $g->forge($good, claims => {@_}) }
sub head { return $g->sign($_[0], $payload) }
sub body { return $g->sign($head, $_[0]) }

is(introspect(claim())->get('active'), JSON::PP::true,
    'what is signed here as auth signs is active');

my ($h, $p, $s) = split /\./, $good;
my $text = "$h.$p";
my $last = substr $s, -1;
my %hostile = (
    'nothing' => '', 'a word' => 'x', 'three dots' => '...',
    'two segments' => $text, 'no signature' => "$text.",
    'four segments' => "$good.x", 'five segments' => "$good..",
    'a trailing newline' => "$good\n", 'a leading space' => " $good",
    'padding' => "$good=",
    '4 KiB of nonsense' => 'x' x 4096, 'a long signature' => "$good$s",
    'the last bit changed' => substr($good, 0, -1) . ($last eq 'A' ? 'E' : 'A'),
    'spare bits set' => substr($good, 0, -1) . chr(ord($last) + 1),
    'the signature in base64' => "$text." . ($s =~ tr{-_}{+/}r) . '=',
    'another key' => $g->forge($good, key => 'x' x 32),
    'an empty key' => $g->forge($good, key => ''),
    'the key as its hex text' => $g->forge($good, key => unpack 'H*', $key),
    'the key id as the key' => $g->forge($good, key => $kid),
    'alg none, no signature' => encode_base64url(
	"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"$kid\"}") . ".$p.",
    'alg None' => encode_base64url(
	"{\"alg\":\"None\",\"typ\":\"JWT\",\"kid\":\"$kid\"}") . ".$p.$s",
    'alg none, bare' => encode_base64url('{"alg":"none"}') . ".$p.",
    'alg hs256' => head("{\"alg\":\"hs256\",\"kid\":\"$kid\",\"typ\":\"JWT\"}"),
    'alg RS256' => head("{\"alg\":\"RS256\",\"kid\":\"$kid\",\"typ\":\"JWT\"}"),
    'no alg' => head("{\"kid\":\"$kid\",\"typ\":\"JWT\"}"),
    'alg twice' => head($head =~ s/\{/{"alg":"none",/r),
    'an unknown kid' => head($head =~ s/\Q$kid\E/k9/r),
    'a kid that is a path' => head($head =~ s/\Q$kid\E/..\/token\/$kid/r),
    'an empty kid' => head($head =~ s/\Q$kid\E//r),
    'a kid that is a number' => head($head =~ s/"\Q$kid\E"/1/r),
    'no kid' => head('{"alg":"HS256","typ":"JWT"}'),
    'typ at+jwt' => head($head =~ s/"JWT"/"at+jwt"/r),
    'no typ' => head("{\"alg\":\"HS256\",\"kid\":\"$kid\"}"),
    'crit' => head($head =~ s/\{/{"crit":["exp"],/r),
    'b64 false' => head($head =~ s/\{/{"b64":false,"crit":["b64"],/r),
    'jku' => head($head =~ s/\{/{"jku":"http:\/\/127.0.0.1\/",/r),
    'jwk' => head($head =~ s/\{/{"jwk":{"kty":"oct","k":"AAAA"},/r),
    'a space in the header' => head("$head "),
    'the header in another order' => head(
	"{\"kid\":\"$kid\",\"typ\":\"JWT\",\"alg\":\"HS256\"}"),
    'a header that is an array' => head('[]'),
    'expired' => claim(iat => $now - 100, exp => $now - 7),
    'from the future' => claim(iat => $now + 60),
    'no exp' => claim(exp => undef), 'no iat' => claim(iat => undef),
    'no sub' => claim(sub => undef), 'no sid' => claim(sid => undef),
    'no jti' => claim(jti => undef),
    'exp as a string' => claim(exp => '' . ($now + 900)),
    'exp as a fraction' => body($payload =~ s/("exp":\d+)/$1.5/r),
    'exp of 1e99' => body($payload =~ s/"exp":\d+/"exp":1e99/r),
    'exp of 2^63' => body($payload =~ s/"exp":\d+/"exp":9223372036854775808/r),
    'a negative exp' => body($payload =~ s/"exp":/"exp":-/r),
    'exp null' => body($payload =~ s/"exp":\d+/"exp":null/r),
    'exp true' => body($payload =~ s/"exp":\d+/"exp":true/r),
    'exp twice' => body($payload =~ s/\{/{"exp":1,/r),
    'sub twice' => body($payload =~ s/\{/{"sub":"$other->{userId}",/r),
    'a sub twice, escaped' => body($payload =~
	s/\{/{"\\u0073ub":"$other->{userId}",/r),
    'sub as a number' => body($payload =~ s/"sub":"[^"]*"/"sub":7/r),
    'sub as an array' => body($payload =~ s/"sub":("[^"]*")/"sub":[$1]/r),
    'another subject' => claim(sub => $other->{userId}),
    'a subject that is not there' => claim(sub =>
	'us_00000000000000000000000000'),
    'an operator for a subject' => body($payload =~
	s/"sub":"[^"]*"/"sub":{"\$gt":""}/r),
    'another session' => claim(sid => (split /\./, $other->{refresh})[0]),
    'a session that is not there' => claim(sid =>
	'se_00000000000000000000000000'),
    'nbf in the future' => claim(nbf => $now + 3600),
    'a role' => claim(role => 'ADMIN'), 'an audience' => claim(aud => 'x'),
    'a payload that is an array' => body("[$payload]"),
    'a payload that is a string' => body('"x"'),
    'a payload that is no JSON' => body('x'),
    'an empty payload' => body(''),
    'something after the payload' => body("$payload x"),
    'two payloads' => body("$payload$payload"),
    'a BOM before the payload' => body("\xef\xbb\xbf$payload"),
    'invalid UTF-8' => body($payload =~ s/\}/,"x":"\xff"}/r),
    'a deep payload' => body('{"a":' . '[' x 500 . ']' x 500 . '}'),
    'the refresh token' => $user->{refresh},
    'the session id' => $claims->{sid},
    'HS384 with our key' => do {
	my $i = encode_base64url("{\"alg\":\"HS384\",\"kid\":\"$kid\"," .
	    '"typ":"JWT"}') . ".$p";
	"$i." . encode_base64url(hmac_sha384($i, $key));
    },
    'HS512 with our key' => do {
	my $i = encode_base64url("{\"alg\":\"HS512\",\"kid\":\"$kid\"," .
	    '"typ":"JWT"}') . ".$p";
	"$i." . encode_base64url(hmac_sha512($i, $key));
    },
    'our header, HS512\'s signature' => "$text." . encode_base64url(
	hmac_sha512($text, $key)),
    'JSON serialisation' => "{\"protected\":\"$h\",\"payload\":\"$p\"," .
	"\"signature\":\"$s\"}",
);
cmp_ok(scalar keys %hostile, '>=', 70, scalar(keys %hostile) . ' hostile tokens');
for my $name (sort keys %hostile) {
	$res = introspect($hostile{$name});
	is($res->status . ' ' . $res->body, '200 {"active":false}', $name);
}
is($res->header('Cache-Control'), 'no-store',
    'also {"active":false} is not to be kept');

# The leeway is for clocks: five seconds either way.
is(introspect(claim(iat => $now - 100, exp => time - 1))->body =~ /true/, 1,
    'a second over, within the leeway');
is(introspect(claim(iat => time + 3))->body =~ /true/, 1,
    'made three seconds from now');

# The gateway takes the verdict.
my @some = grep { $hostile{$_} =~ /^[\w.~+\/=-]+\z/ } sort keys %hostile;
my @passed = grep { $g->call(GET => '/v1/users/me', as => $hostile{$_})->brief
    ne '401 INVALID_TOKEN' } @some;
is(join(', ', @passed), '', 'none of ' . @some . ' passes the gateway');

# A verdict changes with the user.
is_status($g->call(PATCH => "/v1/users/$user->{userId}", as => 'ADMIN',
    json => {role => 'AUDITOR'}), 200, 'the role is changed');
is(introspect($good)->get('role'), 'AUDITOR', '... and seen');
is_status($g->call(POST => '/v1/auth/logout', as => $user), 204, 'logged out');
is(introspect($good)->body, '{"active":false}', '... and not active');

done_testing;
