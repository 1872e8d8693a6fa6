#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A corpus of JSON texts, good and bad, in the manner of the public ones (RFC
# 8259, RFC 7493), sent through the front server and the gateway to both
# workers.  Each is judged right, as a whole body and as a part of one, and none
# is a 5xx.  What the schemas say about good texts is in 45_json.t, too.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $AT_ONCE = 24;
my $DEPTH = 32;
my $g = Guerdon::Stack->new;

# The tables hold bytes.  In '...' a backslash is JSON's, in "..." it is ours.

# No values: each is also tried as a member of an object and in an array.
my @bad_numbers = qw(
    - -- --1 +1 ++1 +0 +Inf -Infinity Infinity Inf -Inf NaN -NaN nan
    01 00 012 -01 -00 -012 00.5 -00.5 1_000
    1. -1. 0. -0. .1 -.1 . -. .e1 0.e1 1.e1 2.e+3 2.e-3 1..2 1.2.3 1.2.
    1e 1E 0e 0E 0e+ 0E- 1e+ 1e- 1.0e 1.0e+ 1.0e- 1e1.5 1e.5 1ee1 1eE2 9e+- 1e++1
    0x0 0x42 -0x1 0xg 0b1 0o7 1x 1a 1.2a 1.8011670033376514H-308
    1d 1L 1f 10n 1- 1-1 1+2 -foo 1e1e1 1/2 $1 ~1);
push @bad_numbers, '1,000', '#1', '- 1', '1 000', '1 .5', '1. 5', '1e 5', '1 e5', "-\t1",
    "1\x0b", "\xef\xbc\x91",	# a full-width one
    "\xd9\xa1",			# an Arabic one
    "\xe2\x88\x92" . '1',	# a typographic minus
    "1\x{80}", "1\xe5", "0\xe5", "-1\xff", "1e1\xe5", '1 "', '1a"', '1\u0030';
my @bad_words = qw(
    tru true1 truefalse True TRUE t fals False FALSE nul nulll Null NULL
    nil none undefined yes a true\u0000 \u0074rue tr\u0075e);
my @bad_strings = (
    # open, or in other quotes
    '"', '"""', '"a', '"a\\"', '\'a\'', '`a`', "\xe2\x80\x9ca\xe2\x80\x9d",
    'a"', '\"a\"', '"a"b', '"a""b"',
    # escapes
    map({ "\"\\$_\"" } qw(a x00 x41 0 1 v e ' U0041 u u0 u00 u00A u004 u{41}
    u+041 u004g u00AG uD83 N? 101), "\n", "\t", ' ', "\xe5",
    "\xf0\x9f\x8c\x80"), '"\\', '"\u', '"\\\\\"', '"\u00A',
    '"\u 041"', '"\u0041', '"\u00 41"',
    # no characters of a text
    '"\u0000"', '"a\u0000b"', '"\u0000',
    # halves of pairs
    map({ "\"$_\"" } qw(\ud800 \uDBFF \udc00 \uDFFF \uD800\n \ud800\ud800
    \ud800\u0041 \ud800\uD8 \uD800\u \uD800\u1 \uD800\u1x \uD800\uDBFF
    \uDFFF\uD800 \ud83d\ude0 \ud83dabc \ud83d\\\\ude00 \uD834\\x \ud83dude00
    1\uDC00 \uDBFF\uE000), '\ud83d \ude00', '\ud83d"\ude00'),
    # raw control characters: all 32
    map({ "\"a" . chr($_) . 'b"' } 0 .. 31),
);
# Bytes that are no UTF-8 (RFC 3629), each inside a string.
my @bad_utf8 = (
    "\x80", "\xbf", "\x80\xbf\x80", "\xc0", "\xc1", "\xfe", "\xff",
    "\xc3", "\xc3\x28", "\xc3\xc3", "\xe2\x82", "\xe2\x28\xa1", "\xe2\x82\x28",
    "\xf0\x90\x8c", "\xf0\x28\x8c\xbc", "\xf0\x90\x28\xbc", "\xf0\x9f\x98\x28",
    "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x80\xaf",
    "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
    "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf", "\xfc\x83\xbf\xbf\xbf\xbf",
    "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xbf\xbf",
    "\xed\xa0\xbd\xed\xb8\x80",	# CESU-8
    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf",
    "\xe9", "caf\xe9!", "\xe4\xf6\xfc", "\xff\xfe", "\x81\x40", "\\u00\xff41",
);
my @bad_structures = (
    # arrays
    '[', ']', '[[', '[]]', '[1', '[1,', '["a"', '[,]', '[,1]', '[1,]', '[1,,2]',
    '[1,,]', '[1 2]', '[1;2]', '[1:2]', '["a":1]', '[a]', '["":1]', '[*]', '(1)',
    '[}', '[1}', '[[1]', '[3[4]]', '["a",' . "\n4\n,1,", '[{}', '[1]x', '[1],',
    '["a"]"b"', '[true, fals', "[1,\n1\n,1", '[\n]', '["\x00"]', '[1,..]',
    # objects
    '{', '}', '{{', '{}}', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{,}', '{,"a":1}',
    '{"a":1,}', '{"a":1,,}', '{"a":1,,"b":2}', '{"a" 1}', '{"a"::1}', '{"a":}',
    '{"a":1 "b":2}', '{"a":1;"b":2}', '{"a","b"}', '{"a"=1}', '{"a"=>1}',
    '{a:1}', '{a:"b"}', "{'a':1}", '{1:1}', '{null:null}', '{true:1}', '{[]:1}',
    '{{}:1}', '{"a":1]', '{"a":"b"}#', '{"a":"b"}/**/', '{"a":"b"}//',
    '{"a":/*c*/1}', '{"a":1/', '{"a":"a" 1}', '{"a":"a', '{"a":"a}', '{"a', '{9999E9999:1}',
    '{"a":1}}', '{"a":1}{"b":2}', '{"a":1}[]', '{"\ud800":1}', '{"a\u0000":1}',
    '{"a":1, ... }', '{"a":b}', '{"b":{"a":1}', "{\"\xff\":1}", "{\"a\nb\":1}",
    # the same name twice
    '{"a":1,"a":1}', '{"a":1,"a":2}', '{"a":1,"b":2,"a":3}', '{"":1,"":2}',
    '{"a":1,"\u0061":2}', '{"\u0061":1,"\u0061":2}', '{"/":1,"\/":2}',
    '{"\n":1,"\u000a":2}', '{"x":{"a":1,"a":2}}', '[{"a":1,"a":2}]',
    "{\"\xc3\xa9\":1,\"\\u00e9\":2}", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
    '{"a":{},"a":[]}', '{' . join(',', map { "\"k$_\":1" } 1 .. 200, 1) . '}',
    # around the text
    'x', '<.>', '<null>', '&', '*', '=', '?', 'a=b', '<?xml version="1.0"?><a/>',
    '1 1', '"a" "b"', 'null null', '[] []', '{} {}', '{},', ',{}', '{}x', '{};',
    "{}\0", "\0{}", "{\0}", "[\0]", "{}\x1a", "{}\x1e", "\x1e{}\n",
    "\xef\xbb\xbf{}", "\xef\xbb\xbf", "\xef\xbb", "{}\xef\xbb\xbf",
    "\xef\xbb\xbf\xef\xbb\xbf1", "\xfe\xff\0{\0}", "\xff\xfe{\0}\0",
    "\0{\0}", "{\0}\0", "\xff\xfe\0\0{\0\0\0}\0\0\0", "\0\0\xfe\xff\0\0\0{\0\0\0}",
    "+/v8-{}", "{}\xff", "\xc3{}", "// c\n{}", "/* c */{}", "# c\n{}", ")]}',\n{}",
    'while(1);{}', 'f({})', "---\na: 1", 'a: 1', "[a]\nb=1", "\e[0m{}",
    # white space that is none of JSON's
    map({ ("$_\{}", "{}$_", "[1,${_}2]") } "\x0b", "\x0c", "\xc2\xa0",
    "\xc2\x85", "\xe2\x80\xa8", "\xe2\x81\xa0", "\xe3\x80\x80", "\\n"),
    # deep
    '[' x ($DEPTH + 1) . ']' x ($DEPTH + 1), '{"a":' x ($DEPTH + 1) . '1' .
    '}' x ($DEPTH + 1), '[' x 30_000 . ']' x 30_000, '[' x 60_000,
    '{"a":' x 10_000, '[{"a":' x 9_000, '{' x 50_000, ']' x 50_000,
    '[[[' . '"a",' x 10_000, '"' . '\\' x 60_001, '-' x 60_000,
);

# Good values that our schemas have no place for but as what is said here.
# [the text, the integer that it is]: kept where integers are taken.
my @integers = ((map { [$_, $_ + 0] } qw(0 1 -1 9 10 -10 42 123 -123 2147483647
    2147483648 -2147483648 4294967296 4503599627370496 9007199254740990
    9007199254740991 -9007199254740991)),
    ['-0', 0], ['0e0', 0], ['0e1', 0], ['0E+1', 0], ['-0e-1', 0], ['0.0', 0],
    ['-0.0', 0], ['0e999', 0], ['0.000e-999', 0], ['1e0', 1], ['1E0', 1],
    ['1e2', 100], ['1E2', 100], ['1e+2', 100], ['1E+2', 100], ['20e1', 200],
    ['1e02', 100], ['1e000', 1], ['100e-2', 1], ['1.0', 1], ['-1.0', -1],
    ['1.5e1', 15], ['123e0', 123], ['12.30e1', 123],
    ['1.' . '0' x 500, 1], ['1' . '0' x 300 . 'e-300', 1],
    ['0.' . '0' x 200 . '1e201', 1], ['9.007199254740991e15', 9007199254740991],
    # As near as a double comes (RFC 7493, section 2.2).
    ['1e-999', 0], ['-1e-999', 0], ['123e-10000000', 0], ['0.' . '9' x 1000, 1]);
my @other_numbers = qw(
    0.1 -0.1 1.5 -1.5 3.141592653589793 0.5e0 123.456e-1 1e-1 1E-2
    123.456789 123456789012345678 9007199254740992 -9007199254740992
    9007199254740993 9223372036854775807 9223372036854775808
    18446744073709551615 18446744073709551616 100000000000000000000
    -237462374673276894279832749832423479823246327846
    1e16 1e22 1e100 1.7976931348623157e308 1.8e308 -1.8e308 1e309 1e400 -1e9999
    1e+99999999999 0.4e00669999999999999999999999999999999999999999999999999969999999006
    123123e100000 1.5e+9999 4.9e-324 2.2250738585072011e-308
    -0.000000000000000000000000000000000000000000000000000000000000000000000000000001);
push @other_numbers, '9' x 1000, '-' . '1' x 5000;
my @words = qw(true false null);

# [the text, the characters that it is]: kept as a title.
my @strings = (
    (map { [sprintf('"\\u%04x"', $_), chr] } 1 .. 0x1f),
    ['" "', ' '], ['"a"', 'a'], ['"\""', '"'], ['"\\\\"', '\\'], ['"\/"', '/'],
    ['"/"', '/'], ['"\b\f\n\r\t"', "\b\f\n\r\t"], ['"\\\\n"', '\n'],
    ['"\\\\\\\\"', '\\\\'], ['"\\\\u0000"', '\u0000'], ['"\\\\\""', '\\"'],
    ['"\u0041\u005A"', 'AZ'], ['"\u00e9\u00E9"', "\x{e9}\x{e9}"],
    ['"\u0060\u012a\u12AB"', "\x60\x{12a}\x{12ab}"], ['"\u0022"', '"'],
    ['"\u005c"', '\\'], ['"\u007F"', "\x7f"], ["\"\x7f\"", "\x7f"],
    ['"\u0080"', "\x{80}"], ["\"\xc2\x80\"", "\x{80}"], ["\"\xc2\xa0\"", "\x{a0}"],
    ['"\ud7ff\ue000"', "\x{d7ff}\x{e000}"], ['"\uFFFE"', "\x{fffe}"],
    ["\"\xdf\xbf\xe0\xa0\x80\"", "\x{7ff}\x{800}"],
    ["\"\xed\x9f\xbf\xee\x80\x80\"", "\x{d7ff}\x{e000}"],
    ["\"\xef\xbf\xbe\xef\xbf\xbf\"", "\x{fffe}\x{ffff}"],
    ["\"\xf0\x90\x80\x80\"", "\x{10000}"], ["\"\xf0\x9f\xbf\xbf\"", "\x{1ffff}"],
    ['"\uD800\uDC00"', "\x{10000}"], ['"\uDBFF\uDFFF"', "\x{10ffff}"],
    ['"\ud834\uDd1e\ud83d\ude39"', "\x{1d11e}\x{1f639}"],
    ['"\u0821\u200B\u2028\u2029\u2064"', "\x{821}\x{200b}\x{2028}\x{2029}\x{2064}"],
    ["\"\xe2\x80\xa8\xe2\x80\xa9\"", "\x{2028}\x{2029}"],
    ['"\uFEFF"', "\x{feff}"], ["\"\xef\xbb\xbf\"", "\x{feff}"],
    ["\"a\xcc\x88\"", "a\x{308}"], ["\"\xe2\x80\xaeabc\"", "\x{202e}abc"],
    ['"a/*b*/c/*d//e"', 'a/*b*/c/*d//e'], ['"[]{},:1e9"', '[]{},:1e9'],
    ['"null"', 'null'], ['"\'"', "'"], ['"%00%0a"', '%00%0a'], ['"x\u003cscript>"', 'x<script>'],
);
# Structures.  None is what a body of ours may be.
my @structures = (
    '[]', '{}', ' [] ', "\t{}\n", '[[]]', '[{}]', '{"":0}', '{"a":{}}', '[""]',
    '[null,1,"1",{}]', '[1,null,null,null,2]', "[1\n,\r2]", "\n[\t]\r\n", ' [1] ',
    '{"a":1,"A":2}', '{"a":"b","asd":"asdf"}', '{"asd":{"asd":1}}', '{"a":[]}',
    '{"\u0060":1}', '{"min":-1.0e+28,"max":1.0e+28}', '{"a":"\u0041\ud834\udd1e"}',
    "{\"\xc3\xa9\":1,\"e\xcc\x81\":2}",		# not the same name
    '{"a":1,"a ":2}', '{"a\tb":1}', '{"x":[{"a":1},{"a":2}]}',
    '{"a":{"a":{"a":1}}}', '{"__proto__":1,"constructor":2}', '{"$gt":1,"$where":"x"}',
    '{"id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}',
    '[' . '1,' x 20_000 . '1]', '{' . join(',', map { "\"k$_\":1" } 1 .. 3_000) . '}',
    '[' x $DEPTH . ']' x $DEPTH, '{"a":' x $DEPTH . '1' . '}' x $DEPTH,
    '[' . '[],' x 15_000 . '[]]', ' ' x 60_000 . '{}', '{}' . "\n" x 60_000,
    '"' . 'a' x 60_000 . '"', '"' . '\u0001' x 10_000 . '"',
    '"' . "\xf0\x9f\x98\x80" x 15_000 . '"',
);

my $times = '"startsAt":"2020-01-01T00:00:00Z","endsAt":"2090-01-01T00:00:00Z"';

sub event { return $g->request(POST => '/v1/events', as => 'OPERATOR',
    body => $_[0]) }

sub login { return $g->request(POST => '/v1/auth/login', body => $_[0]) }

# Answers to all of these requests, a few at a time.
sub answers {
	my @requests = @_;
	my @got;

	push @got, http_all(splice @requests, 0, $AT_ONCE) while @requests;
	return @got;
}

# A text as one line of printable characters.
sub shown {
	my $text = $_[0] =~ s/([^ -~])/sprintf '<%02x>', ord $1/ger;

	return length $text <= 60 ? $text :
	    substr($text, 0, 40) . ' ... of ' . length($_[0]) . ' bytes';
}

my $count = 0;
my %seen;

# Count the texts, which differ.
sub count {
	for (@_) {
		fail('twice in the tables: ' . shown($_)) if $seen{$_}++;
		$count++;
	}
}

# Send each text in each of these shapes to both workers; all answers are 400
# with this code.
sub all_are {
	my ($what, $code, $shapes, @texts) = @_;
	my %wrong;

	for my $shape (@$shapes) {
		for my $to (\&event, \&login) {
			my @answers = answers(map { $to->(sprintf $shape, $_) }
			    @texts);
			for my $i (0 .. $#texts) {
				my $got = $answers[$i]->brief;
				next if $got eq "400 $code";
				$wrong{"$shape: $got: " . shown($texts[$i])}++;
			}
		}
	}
	is(join("\n", sort keys %wrong), '', "$what: " . @texts .
	    " texts are $code");
}

my @anywhere = ('%s', '{"x":%s}', '[%s,1]');
for (['numbers', @bad_numbers], ['words', @bad_words],
    ['strings', @bad_strings], ['UTF-8', map { "\"$_\"" } @bad_utf8]) {
	my ($what, @texts) = @$_;
	all_are("bad $what", 'MALFORMED_JSON', \@anywhere, @texts);
	count(@texts);
}
# An escaped name is a name like any other.
all_are('bad names', 'MALFORMED_JSON', ['{%s:1}', '{"a":1,%s:2}'],
    @bad_strings, map { "\"$_\"" } @bad_utf8);
all_are('bad structures', 'MALFORMED_JSON', ['%s'], @bad_structures);
count(@bad_structures);
my $bad = $count;

my @good = ((map { $_->[0] } @integers, @strings), @other_numbers, @words);
all_are('good values', 'VALIDATION_FAILED', \@anywhere, @good);
all_are('good names', 'VALIDATION_FAILED', ['{%s:1}'],
    map { $_->[0] } @strings);
all_are('good structures', 'VALIDATION_FAILED', ['%s'], @structures);
count(@good, @structures);

# What has a place in a schema is taken, and kept as it came.
my @answers = answers(map { event("{\"title\":$_->[0],$times}") } @strings);
is(join(', ', map { shown($strings[$_][0]) . ': ' . $answers[$_]->brief }
    grep { ($answers[$_]->get('title') // '') ne $strings[$_][1] }
    0 .. $#strings), '', @strings . ' strings are kept as titles');
sub reward {
	return event("{\"title\":\"T\",$times,\"rewards\":[{\"type\":\"POINT\"," .
	    "\"name\":\"R\",\"quantity\":1,\"details\":{\"n\":$_[0]}}]}");
}
@answers = answers(map { reward($_->[0]) } @integers);
is(join(', ', map { shown($integers[$_][0]) . ': ' . $answers[$_]->brief }
    grep { $answers[$_]->body !~ /"details":\{"n":\Q$integers[$_][1]\E\}/ }
    0 .. $#integers), '', @integers . ' integers are kept in details');
@answers = answers(map { reward($_) } @other_numbers, 'null');
is(join(', ', grep { $_ ne '400 VALIDATION_FAILED' } map { $_->brief }
    @answers), '', @other_numbers . ' other numbers are not');

note("$count texts: $bad bad, " . ($count - $bad) . ' good');
cmp_ok($count, '>=', 250, "$count texts were judged, $bad of them bad");
my @status = grep { defined } map { $_->{status} } map { $g->log("fcgi-$_") }
    qw(gw auth event);
cmp_ok(scalar @status, '>', 2 * $count, 'the workers have logged them');
is(scalar(grep { $_ >= 500 } @status), 0, '... and no 5xx');
done_testing;
