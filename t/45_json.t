#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# JSON texts through a real route: what is no JSON is MALFORMED_JSON, what is
# JSON but not as the schema says is VALIDATION_FAILED, the rest is kept as it
# came.  Never a 5xx.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;

# An event with this text as its title, raw; and one with this member.
my $times = '"startsAt":"2020-01-01T00:00:00Z","endsAt":"2030-01-01T00:00:00Z"';
sub titled { return "{\"title\":$_[0],$times}" }
sub with { return "{\"title\":\"T\",$times,$_[0]}" }
sub reward {
	return with("\"rewards\":[{\"type\":\"POINT\",\"name\":\"R\",$_[0]}]");
}
sub nested { return with('"x":' . '[' x $_[0] . ']' x $_[0]) }

my $plain = titled('"T"');

# [what it is, the text]
my @malformed = (
    ['nothing but white space', " \t\r\n"],
    ['a BOM', "\xef\xbb\xbf$plain"],
    ['UTF-16', join '', map { "$_\0" } split //, $plain],
    ['a lone continuation byte', titled("\"\x80\"")],
    ['a cut-off sequence', titled("\"\xc3\"")],
    ['an overlong slash', titled("\"\xc0\xaf\"")],
    ['an overlong NUL', titled("\"\xc0\x80\"")],
    ['a surrogate in UTF-8', titled("\"\xed\xa0\x80\"")],
    ['beyond U+10FFFF', titled("\"\xf4\x90\x80\x80\"")],
    ['Latin-1', titled("\"caf\xe9\"")],
    ['a raw newline in a string', titled("\"a\nb\"")],
    ['a raw tab in a string', titled("\"a\tb\"")],
    ['a raw NUL in a string', titled("\"a\0b\"")],
    ['a NUL after the text', "$plain\0"],
    ['a lone high surrogate', titled('"\ud800"')],
    ['a lone low surrogate', titled('"\udc00"')],
    ['surrogates in the wrong order', titled('"\udc00\ud800"')],
    ['a high surrogate and a letter', titled('"\ud800A"')],
    ['an escaped NUL', titled('"a\u0000b"')],
    ['an escaped NUL in a name', with('"a\u0000":1')],
    ['a name twice', with('"title":"U"')],
    ['a name twice, once escaped', with('"\u0074itle":"U"')],
    ['a name twice inside', reward('"quantity":1,"quantity":2')],
    ['a name twice in details', reward('"quantity":1,"details":{"a":1,"\u0061":2}')],
    ['something after the text', "$plain x"],
    ['two texts', "$plain$plain"],
    ['a comma too many', with('"description":"d",')],
    ['a comma too many in an array', with('"rewards":[,]')],
    ['a comment', "$plain // no"],
    ['single quotes', titled("'T'")],
    ['no quotes around a name', "{title:\"T\",$times}"],
    ['an unknown escape', titled('"\x41"')],
    ['a half escape', titled('"\u12"')],
    ['a leading zero', reward('"quantity":01')],
    ['a leading plus', reward('"quantity":+1')],
    ['a bare point', reward('"quantity":1.')],
    ['a number that begins with a point', reward('"quantity":.5')],
    ['an empty exponent', reward('"quantity":1e')],
    ['hexadecimal', reward('"quantity":0x10')],
    ['NaN', reward('"quantity":NaN')],
    ['Infinity', reward('"quantity":Infinity')],
    ['TRUE', reward('"quantity":TRUE')],
    ['a depth of 33', nested(32)],
    ['a depth of 10,000', nested(10_000)],
    ['an open object', '{"title":"T"'],
    ['an open string', '{"title":"T'],
    ['an open array', '[' x 20],
    ['a closing bracket', ']'],
    ['a form', 'title=T'],
);
my @invalid = (
    ['a depth of 32', nested(31)],
    ['null', 'null'],
    ['a number', '42'],
    ['a string', '"title"'],
    ['an array', "[$plain]"],
    ['true', 'true'],
    ['an empty object', '{}'],
    ['an unknown member', with('"nonsense":1')],
    ['a member in another case', with('"Status":"ACTIVE"')],
    ['an id that is not theirs to set', with('"eventId":"ev_1"')],
    ['a time that is not theirs to set', with('"createdAt":"2020-01-01T00:00:00Z"')],
    ['a version that is not theirs to set', with('"version":7')],
    ['2^53', reward('"quantity":9007199254740992')],
    ['2^53+1', reward('"quantity":9007199254740993')],
    ['2^64', reward('"quantity":18446744073709551616')],
    ['1e999', reward('"quantity":1e999')],
    ['400 digits', reward('"quantity":' . '9' x 400)],
    ['-2^53', reward('"quantity":1,"details":{"n":-9007199254740992}')],
    ['zero', reward('"quantity":0')],
    ['minus one', reward('"quantity":-1')],
    ['a fraction', reward('"quantity":1.5')],
    ['a fraction that a double cannot hold', reward('"quantity":1.0000000000000000001e-1')],
    ['a number as a string', reward('"quantity":"1"')],
    ['a boolean for a number', reward('"quantity":true')],
    ['null for a number', reward('"quantity":null')],
    ['null for the title', titled('null')],
    ['a number for the title', titled('7')],
    ['an operator of the database', reward('"quantity":{"$gt":0}')],
    ['an operator in details', reward('"quantity":1,"details":{"$where":"1"}')],
    ['a dot in a name', reward('"quantity":1,"details":{"a.b":"1"}')],
    ['an empty name', reward('"quantity":1,"details":{"":"1"}')],
    ['an object in details', reward('"quantity":1,"details":{"a":{}}')],
    ['a fraction in details', reward('"quantity":1,"details":{"a":0.5}')],
);
# [what it is, the text of the title, the title]
my @kept = (
    ['U+FFFF', "\"\xef\xbf\xbf\"", "\x{ffff}"],
    ['U+FFFF escaped', '"\uffff"', "\x{ffff}"],
    ['U+FDD0', "\"\xef\xb7\x90\"", "\x{fdd0}"],
    ['U+10FFFF', "\"\xf4\x8f\xbf\xbf\"", "\x{10ffff}"],
    ['a surrogate pair', '"\ud83d\ude00"', "\x{1f600}"],
    ['the same in UTF-8', "\"\xf0\x9f\x98\x80\"", "\x{1f600}"],
    ['escapes', '"\"\\\\\/\b\f\n\r\t\u0041"', "\"\\/\b\f\n\r\tA"],
    ['a control character', '"\u0001\u007f"', "\x01\x7f"],
    ['U+2028', "\"\xe2\x80\xa8\"", "\x{2028}"],
    ['a BOM inside', "\"\xef\xbb\xbfx\"", "\x{feff}x"],
    ['an operator as text', '"$gt {\"$ne\":1}"', '$gt {"$ne":1}'],
);

sub post { return map { $g->request(POST => '/v1/events', as => 'OPERATOR',
    body => $_->[1]) } @_ }

my @answers = http_all(post(@malformed));
is_problem($answers[$_], 400, 'MALFORMED_JSON', $malformed[$_][0])
    for 0 .. $#malformed;
@answers = http_all(post(@invalid));
is_problem($answers[$_], 400, 'VALIDATION_FAILED', $invalid[$_][0])
    for 0 .. $#invalid;

for my $case (@kept) {
	my ($name, $title, $want) = @$case;
	my ($res) = http_all(post([$name, titled($title)]));
	is_status($res, 201, $name);
	is($res->get('title'), $want, '... is kept');
	is($g->call(GET => $res->header('Location') // '/', as => 'OPERATOR')
	    ->get('title'), $want, '... and comes back');
}
for my $case (['9007199254740991', 9007199254740991], ['1e2', 100],
    ['1.0', 1], ['4503599627370497.0', 4503599627370497]) {
	my ($text, $want) = @$case;
	my ($res) = http_all(post(['', reward("\"quantity\":$text," .
	    "\"details\":{\"a\":-$text,\"b\":true,\"c\":\"$text\"}")]));
	is_status($res, 201, "quantity $text");
	my $got = ($res->get('rewards') // [])->[0] // {};
	like($res->body, qr/"quantity":$want,/, '... is kept as an integer');
	is_deeply($got->{details}, {a => -$want, b => JSON::PP::true, c => $text},
	    '... and so are the details');
}
# A number as long as a body allows is the double that is next to it.
my ($long) = http_all(post(['', reward('"quantity":1.' . '0' x 60_000 . '1')]));
is_status($long, 201, 'a number of 60,000 digits');
is($long->get('rewards')->[0]{quantity}, 1, '... is the nearest that there is');

# The same reader reads a PATCH, a claim and what auth takes.
my $event = $g->new_event;
for my $case ([PATCH => "/v1/events/$event->{eventId}", as => 'OPERATOR',
    headers => ['If-Match', '*']],
    [POST => "/v1/events/$event->{eventId}/claims", as => 'USER'],
    [POST => '/v1/users'], [POST => '/v1/auth/login'],
    [POST => '/v1/auth/refresh'], [POST => '/v1/staff', as => 'ADMIN']) {
	my ($method, $path, %o) = @$case;
	is_problem($g->call($method => $path, %o, body => '{"a":1,"a":2}'),
	    400, 'MALFORMED_JSON', "$method $path: a name twice");
	is_problem($g->call($method => $path, %o, body => '{"nonsense":1}'),
	    400, 'VALIDATION_FAILED', "$method $path: an unknown member");
	is_problem($g->call($method => $path, %o, body => '[]'),
	    400, 'VALIDATION_FAILED', "$method $path: an array");
}

done_testing;
