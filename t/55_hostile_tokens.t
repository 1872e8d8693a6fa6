#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Hostile tokens: the tricks of RFC 8725 and of libraries' bugs.  Each one is
# {"active":false} and nothing else to introspection, and 401 as a bearer
# token.  What is signed here has the stack's own key unless it says otherwise,
# so nothing but the trick is wrong with it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512);
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $MANY = 60;			# what the standard asks for
my $AT_ONCE = 24;
my $TOKEN_MAX = 2048;		# fcgi-auth/token.c: shorter than this
my $g = Guerdon::Stack->new;
my $folder = "$g->{home}/keys/auth/token";
my $user = $g->new_user;
my $removed = $user->{token};

sub escape { return $_[0] =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger }

sub introspection {
	return $g->request(POST => '/introspect', on => 'auth', basic => 1,
	    type => 'application/x-www-form-urlencoded',
	    body => 'token=' . escape($_[0]));
}

sub bearer {
	return $g->request(GET => '/v1/users/me', headers =>
	    ['Authorization', "Bearer $_[0]"]);
}

sub answers {
	my @requests = @_;
	my @got;

	push @got, http_all(splice @requests, 0, $AT_ONCE) while @requests;
	return @got;
}

sub active { return (answers(introspection($_[0])))[0]->get('active') }
sub reload { kill USR2 => $g->pool_pid('auth') }

# The first key is exchanged for another, and goes.
my ($old) = glob "$folder/*.key";
my $old_key = $g->token_key;
is(($g->guerdon('key', 'rotate'))[1], 0, 'a new key is made');
reload();
ok($g->wait_for(sub {
	return $g->token_key ne $old_key && !grep {
	    (split /\./, $g->log_in({%$user})->{token})[0] eq
	    (split /\./, $removed)[0] } 1 .. 8;
}, 10), '... and signs');
ok(active($removed), '... while the old one still verifies');
unlink $old or die "$old: $!";
reload();
ok($g->wait_for(sub { !grep { active($removed) } 1 .. 8 }, 10),
    '... until it is removed');

# A whole other installation, whose token is good there.
my $elsewhere = Guerdon::Stack->new;
my $foreign = $elsewhere->new_user->{token};
is($elsewhere->call(GET => '/v1/users/me', as => $foreign)->status, 200,
    'a token of another installation is good there');
my $foreign_key = $elsewhere->token_key;
$elsewhere->end;

$g->log_in($user);
my $other = $g->new_user;
my $good = $user->{token};
my ($h, $p, $s) = split /\./, $good;
my ($head, $payload) = map { Guerdon::Stack::from_base64url($_) } $h, $p;
my $text = "$h.$p";
my $claims = $Guerdon::Stack::json->decode($payload);
my ($kid) = $head =~ /"kid":"([^"]+)"/;
my $key = $g->token_key;
my $now = time;

# Our header and payload, changed by a pattern or given whole, and signed.
sub claim { return $g->forge($good, claims => {@_}) }
sub head { return $g->sign($_[0], $payload) }
sub body { return $g->sign($head, $_[0]) }
# Our header with another algorithm or kid; with one member more.
sub alg { return head($head =~ s/"HS256"/$_[0]/r) }
sub kid { return head($head =~ s/"\Q$kid\E"/$_[0]/r) }
sub more { return head($head =~ s/\}\z/,$_[0]}/r) }
# Our payload with one claim as this text; with one member before the others.
sub as { return body($payload =~ s/("$_[0]":)("[^"]*"|\d+)/$1$_[1]/r) }
sub first { return body($payload =~ s/\{/{$_[0],/r) }

# Our header but for the algorithm, with the signature made by ${sum}.
sub by {
	my ($alg, $sum) = @_;
	my $input = encode_base64url($head =~ s/HS256/$alg/r) . ".$p";

	return "$input." . encode_base64url($sum->($input, $key));
}

# The signature with one bit of one byte changed.
sub flipped {
	my ($byte) = @_;
	my $bytes = Guerdon::Stack::from_base64url($s);

	vec($bytes, 8 * $byte, 1) ^= 1;
	return "$text." . encode_base64url($bytes);
}

# A token of this many bytes, good but for its size: blanks are JSON.
sub sized {
	my ($len) = @_;
	my $bytes = int(($len - length("$h..") - length $s) * 3 / 4);

	return body('{' . ' ' x ($bytes - length $payload) . substr $payload, 1);
}

ok(active($good), 'a token as it was minted is active');
ok(active(claim()), '... and one that is signed here');
ok(active(claim(iat => $now - 100, exp => time - 1)),
    '... a second over, within the leeway');
ok(active(claim(iat => time + 3)), '... made three seconds from now');
ok(active(sized(1900)), '... or one of 1,900 bytes');

# [what it is, the token]
my @shapes = (
    ['nothing', ''], ['a word', 'x'], ['a dot', '.'], ['two dots', '..'],
    ['three dots', '...'], ['null', 'null'], ['the word undefined', 'undefined'],
    ['the header alone', $h], ['the header and a dot', "$h."],
    ['header and payload', $text], ['no signature', "$text."],
    ['no payload', "$h..$s"], ['no header', ".$p.$s"],
    ['payload and signature', "$p.$s"], ['a dot before', ".$good"],
    ['a dot behind', "$good."], ['four segments', "$good.x"],
    ['five segments', "$good.."], ['it twice', "$good$good"],
    ['it twice, by a comma', "$good,$good"], ['by a space', "$good $good"],
    ['the form of JWE', "$h.$p.$s.$s.$s"],
    ['JWE dir', encode_base64url("{\"alg\":\"dir\",\"enc\":\"A256GCM\"," .
	"\"kid\":\"$kid\"}") . "..$s.$p.$s"],
    ['JSON serialisation', "{\"protected\":\"$h\",\"payload\":\"$p\"," .
	"\"signature\":\"$s\"}"],
    ['segments in another order', "$p.$h.$s"],
    ['a trailing newline', "$good\n"], ['CR LF behind', "$good\r\n"],
    ['a leading space', " $good"], ['a trailing space', "$good "],
    ['a tab inside', "$h.\t$p.$s"], ['a newline inside', "$h.$p\n.$s"],
    ['quotes', "\"$good\""], ['padding', "$good="],
    ['padding twice', "$good=="], ['padding of the payload', "$h.$p==.$s"],
    ['a percent sign', "$h.$p%2E$s"], ['a BOM before', "\xef\xbb\xbf$good"],
    ['the word Bearer in it', "Bearer $good"],
    ['a letter of another alphabet', "$text." . "\xd0\xb0" . substr $s, 1],
    ['4 KiB of nonsense', 'x' x 4096], ['4 KiB of dots', '.' x 4096],
    ['6 KiB of payload', "$h." . 'A' x 6000 . ".$s"],
    ['right, but as long as a token may not be', sized($TOKEN_MAX + 8)],
    ['right, of 4,000 bytes', sized(4000)],
    ['the refresh token', $user->{refresh}], ['the session id', $claims->{sid}],
    ['the user id', $claims->{sub}], ['the token id', $claims->{jti}],
    ['the node key', $g->node_key],
);
my @signatures = (
    ['a signature of zeros', "$text." . encode_base64url("\0" x 32)],
    ['an empty key', $g->forge($good, key => '')],
    ['a key of ones', $g->forge($good, key => "\xff" x 32)],
    ['another key', $g->forge($good, key => 'x' x 32)],
    ['the word secret', $g->forge($good, key => 'secret')],
    ['the key as its hex text', $g->forge($good, key => unpack 'H*', $key)],
    ['the first half of the key', $g->forge($good, key => substr $key, 0, 16)],
    ['the key and a newline', $g->forge($good, key => "$key\n")],
    ['the key id as the key', $g->forge($good, key => $kid)],
    ['the node key as the key', $g->forge($good, key => $g->node_key)],
    ['another installation', $foreign],
    ["another installation's key", $g->forge($good, key => $foreign_key)],
    ['a removed key', $removed],
    ["a removed key, under our kid", $g->forge($good, key => $old_key)],
    ['our key, under the removed kid', $g->sign(Guerdon::Stack::from_base64url(
	(split /\./, $removed)[0]), $payload)],
    ['a sum of the payload alone', "$text." . encode_base64url(
	hmac_sha256($p, $key))],
    ['a sum of the decoded text', "$text." . encode_base64url(
	hmac_sha256("$head.$payload", $key))],
    ["the signature of somebody else's", do {
	my ($x, $y) = split /\./, $other->{token}; "$x.$y.$s" }],
    ["somebody else's signature", "$text." . (split /\./, $other->{token})[2]],
    ['the first bit', flipped(0)], ['a bit in the middle', flipped(16)],
    ['the last byte', flipped(31)],
    ['a letter less', substr $good, 0, -1], ['half of it', substr $good, 0, -21],
    ['a letter more', $good . 'A'], ['it and itself', "$good$s"],
    ['spare bits set', substr($good, 0, -1) . chr(ord(substr $good, -1) + 1)],
    ['in base64', "$text." . (substr($s, 0, -1) . '/')],
    ['all in base64', "$text." . encode_base64url("\xff" x 32) =~ tr{_-}{/+}r],
    ['in hex', "$text." . unpack 'H*', Guerdon::Stack::from_base64url($s)],
    ['in capitals', "$text." . uc $s],
);
my @headers = (
    ['alg none, no signature', encode_base64url($head =~ s/HS256/none/r) . ".$p."],
    ['alg None, no signature', encode_base64url($head =~ s/HS256/None/r) . ".$p."],
    ['alg nOnE, our signature', encode_base64url($head =~ s/HS256/nOnE/r) .
	".$p.$s"],
    ['alg none, bare', encode_base64url('{"alg":"none"}') . ".$p."],
    ['alg none, signed', alg('"none"')], ['alg NONE, signed', alg('"NONE"')],
    ['alg hs256', alg('"hs256"')], ['alg Hs256', alg('"Hs256"')],
    ['alg RS256', alg('"RS256"')], ['alg ES256', alg('"ES256"')],
    ['alg PS256', alg('"PS256"')], ['alg EdDSA', alg('"EdDSA"')],
    ['alg HS512, with a sum of HS256', alg('"HS512"')],
    ['alg empty', alg('""')], ['alg null', alg('null')], ['alg 0', alg('0')],
    ['alg an array', alg('["HS256"]')], ['alg with a blank', alg('"HS256 "')],
    ['alg with a NUL', alg('"HS256\u0000"')], ['alg escaped', alg('"\u0048S256"')],
    ['alg twice', head($head =~ s/\{/{"alg":"none",/r)],
    ['alg twice, behind', more('"alg":"none"')],
    ['no alg', head("{\"kid\":\"$kid\",\"typ\":\"JWT\"}")],
    ['HS384 with our key', by('HS384', \&hmac_sha384)],
    ['HS512 with our key', by('HS512', \&hmac_sha512)],
    ["our header, HS512's sum", "$text." . encode_base64url(
	hmac_sha512($text, $key))],
    ['an unknown kid', kid('"k9"')], ['an empty kid', kid('""')],
    ['no kid', head('{"alg":"HS256","typ":"JWT"}')],
    ['a kid that is a number', kid('1')], ['kid null', kid('null')],
    ['a kid that is an array', kid("[\"$kid\"]")],
    ['a kid that is a path', kid("\"../token/$kid\"")],
    ['a kid that is /dev/null, an empty key', $g->sign(
	$head =~ s{"\Q$kid\E"}{"../../../../../../dev/null"}r, $payload,
	key => '')],
    ['a kid with its ending', kid("\"$kid.key\"")],
    ['a kid that is a pattern', kid('"*"')],
    ['a kid of SQL', kid('"x\' UNION SELECT \'AA\';--"')],
    ['a kid of a shell', kid("\"|id;$kid\"")],
    ['a kid with a NUL', kid("\"$kid\\u0000\"")],
    ['a kid with a newline', kid("\"$kid\\n\"")],
    ['a kid in capitals', kid('"' . uc($kid) =~ s/^(.)/lc $1/er . 'X"')],
    ['a kid of 1,000 letters', kid('"' . 'k' x 1000 . '"')],
    ['a kid twice', more("\"kid\":\"$kid\"")],
    ['typ at+jwt', head($head =~ s/"JWT"/"at+jwt"/r)],
    ['typ jwt', head($head =~ s/"JWT"/"jwt"/r)],
    ['typ JWE', head($head =~ s/"JWT"/"JWE"/r)],
    ['typ null', head($head =~ s/"JWT"/null/r)],
    ['no typ', head("{\"alg\":\"HS256\",\"kid\":\"$kid\"}")],
    ['cty', more('"cty":"JWT"')], ['zip', more('"zip":"DEF"')],
    ['crit', more('"crit":["exp"]')], ['an empty crit', more('"crit":[]')],
    ['a crit of a name unknown', more('"crit":["x"],"x":1')],
    ['b64 false', more('"b64":false,"crit":["b64"]')],
    ['b64 false, without crit', more('"b64":false')],
    ['b64 true', more('"b64":true')],
    ['jku', more('"jku":"http://127.0.0.1/"')],
    ['jwk', more('"jwk":{"kty":"oct","k":"AAAA"}')],
    ['jwk, and its key', $g->sign($head =~
	s/\}\z/,"jwk":{"kty":"oct","k":"AAAA"}}/r, $payload, key => "\0\0\0")],
    ['x5u', more('"x5u":"file:///etc/passwd"')], ['x5c', more('"x5c":["MIIB"]')],
    ['x5t', more('"x5t":"AAAA"')], ['an issuer', more('"iss":"x"')],
    ['a nested header', head("[$head]")], ['an array', head('[]')],
    ['null for a header', head('null')], ['no JSON', head('x')],
    ['an empty header', head('')], ['an empty object', head('{}')],
    ['a space behind', head("$head ")], ['a space before', head(" $head")],
    ['a space inside', head($head =~ s/:/: /r)], ['a NUL', head("$head\0")],
    ['a BOM', head("\xef\xbb\xbf$head")],
    ['another order', head("{\"kid\":\"$kid\",\"typ\":\"JWT\",\"alg\":\"HS256\"}")],
    ['a header of 1,200 bytes', more('"x":"' . 'x' x 1200 . '"')],
);
my @times = (
    ['expired', claim(iat => $now - 100, exp => $now - 7)],
    ['expired long ago', claim(iat => 1, exp => 2)], ['exp 0', as('exp', '0')],
    ['made in the future', claim(iat => $now + 60)],
    ['made in a year', claim(iat => $now + 31_536_000, exp => $now + 31_537_000)],
    ['iat of 2^53-1', as('iat', '9007199254740991')],
    ['times in milliseconds', claim(iat => $now * 1000, exp => $now * 1000 + 900)],
    ['no exp', claim(exp => undef)], ['no iat', claim(iat => undef)],
    (map { ["exp $_", as('exp', $_)] } qw(null true "" [] {} "never" -1
    1e99 1e999 -1e999 1.5 9007199254740992 9223372036854775807
    9223372036854775808 18446744073709551616 4294967296.5 0x7fffffff 01)),
    ['exp as a string', as('exp', '"' . ($now + 900) . '"')],
    ['exp as a date', as('exp', '"2099-01-01T00:00:00Z"')],
    ['exp as a fraction', as('exp', $now + 900 . '.5')],
    ['exp as an array', as('exp', '[' . ($now + 900) . ']')],
    ['a negative exp', as('exp', '-' . ($now + 900))],
    ['exp of 400 digits', as('exp', '9' x 400)],
    (map { ["iat $_", as('iat', $_)] } qw(null true "0" [0] 0.5 1e999)),
    ['nbf in the future', claim(nbf => $now + 3600)],
    ['nbf seven seconds ahead', claim(nbf => $now + 7)],
    ['nbf in the past', claim(nbf => $now - 3600)],
    ['nbf that is no number', claim(nbf => 'x')],
    ['exp twice', first('"exp":1')], ['exp twice, escaped', first('"\u0065xp":1')],
    ['exp in capitals', body($payload =~ s/"exp"/"EXP"/r)],
);
my @claims = (
    (map { ["no $_", claim($_ => undef)] } qw(sub sid jti)),
    (map { my $name = $_; map { ["$name $_", as($name, $_)] } '7', 'null',
	'true', '""', "[\"$claims->{$name}\"]", '{"$gt":""}', '{"$ne":null}',
	"\"$claims->{$name}\\u0000\"", "\" $claims->{$name}\"",
	'"' . lc($claims->{$name}) . '"', '"' . 'x' x 1000 . '"' }
	qw(sub sid jti)),
    ['sub twice', first("\"sub\":\"$other->{userId}\"")],
    ['sub twice, escaped', first("\"\\u0073ub\":\"$other->{userId}\"")],
    ['another subject', claim(sub => $other->{userId})],
    ['an administrator', claim(sub => $g->person('ADMIN')->{userId})],
    ['a subject that is not there', claim(sub => 'us_' . '0' x 26)],
    ['an id of another kind', claim(sub => $claims->{sid})],
    ['another session', claim(sid => (split /\./, $other->{refresh})[0])],
    ['a session that is not there', claim(sid => 'se_' . '0' x 26)],
    (map { ["more: $_", first($_)] } '"role":"ADMIN"', '"roles":["ADMIN"]',
	'"scope":"admin"', '"iss":"guerdon"', '"iss":["guerdon"]', '"iss":null',
	'"aud":"x"', '"aud":["x","guerdon"]', '"aud":[]', '"aud":null',
	'"active":true', '"cnf":{"jkt":"x"}', '"act":{"sub":"x"}', '"x":1', '"":1',
	'"__proto__":{"role":"ADMIN"}'),
    (map { ["a payload of $_", body($_)] } '', 'x', '"x"', '1', 'null', 'true',
	'[]', '{}', "[$payload]", "$payload x", "$payload$payload", "$payload,",
	"$payload\0", "\xef\xbb\xbf$payload", "($payload)"),
    ['an open payload', body(substr $payload, 0, -1)],
    ['invalid UTF-8', as('jti', "\"\xff\"")],
    ['a lone surrogate', as('jti', '"\ud800"')],
    ['a deep payload', body('{"a":' . '[' x 500 . ']' x 500 . '}')],
    ['a payload of 1,200 members', body('{' . join(',', ('1') x 600) . '}')],
    ['a payload in base64', do { my $i = "$h." . encode_base64url($payload) . '=';
	"$i." . encode_base64url(hmac_sha256($i, $key)) }],
    ['a payload of one letter', do { my $i = "$h.A";
	"$i." . encode_base64url(hmac_sha256($i, $key)) }],
    ['a payload that is not encoded', do { my $i = "$h.$payload";
	"$i." . encode_base64url(hmac_sha256($i, $key)) }],
);

my ($count, %seen) = (0);
for (['shapes', @shapes], ['signatures', @signatures], ['headers', @headers],
    ['times', @times], ['claims', @claims]) {
	my ($what, @list) = @$_;

	# A test of something else than it says would prove nothing.
	is(join(', ', map { $_->[0] } grep { $_->[1] eq $good ||
	    $seen{$_->[1]}++ } @list), '', "$what: all differ");
	my @answers = answers(map { introspection($_->[1]) } @list);
	is(join("\n", map { "$list[$_][0]: " . $answers[$_]->brief }
	    grep { $answers[$_]->status != 200 || $answers[$_]->body ne
	    '{"active":false}' || ($answers[$_]->header('Cache-Control') // '')
	    ne 'no-store' } 0 .. $#list), '',
	    "$what: " . @list . ' tokens are inactive, and no more is said');

	# Blanks around a field's value are not part of it (RFC 9110, 5.5),
	# and control characters end the request at the front server.
	my @sent = grep { $_->[1] !~ /^[ \t]|[ \t\r\n]$/ } @list;
	@answers = answers(map { bearer($_->[1]) } @sent);
	is(join("\n", map { "$sent[$_][0]: " . $answers[$_]->brief } grep {
	    my $want = $sent[$_][1] eq '' ? '401 UNAUTHENTICATED' :
	    $sent[$_][1] =~ /[\0\r\n]/ ? '400|401 INVALID_TOKEN' :
	    '401 INVALID_TOKEN';
	    $answers[$_]->brief !~ /^(?:$want)/ } 0 .. $#sent), '',
	    '... and no bearer tokens');
	$count += @list;
}
# What can't be in a form or a header field is no request.
for my $token ("$good\0", "$good\0x", "\0$good", "$good\xff") {
	my ($introspection, $bearer) =
	    answers(introspection($token), bearer($token));
	is($introspection->brief, '400 MALFORMED_REQUEST', 'no form: 400');
	like($bearer->status, qr/^40[01]$/, '... and no bearer token');
}
cmp_ok($count, '>=', $MANY, "$count hostile tokens");
ok(active($good), 'the token as it was minted is still active');
is($g->call(GET => '/v1/users/me', as => $good)->status, 200,
    '... and a bearer token');
is(scalar(grep { ($_->{status} // 0) >= 500 } map { $g->log("fcgi-$_") }
    qw(gw auth event)), 0, 'no worker has answered with a 5xx');
done_testing;
