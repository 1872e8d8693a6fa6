#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Passwords: 10 characters to 256 bytes, taken whole, the same in every
# normal form.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $serial = 0;

sub sign_up {
	my ($password) = @_;
	my $email = 'p' . ++$serial . '@example.org';

	return ($email, $g->call(POST => '/v1/users', json => {
	    email => $email, password => $password, name => 'N'}));
}

sub login {
	my ($email, $password) = @_;

	return $g->call(POST => '/v1/auth/login',
	    json => {email => $email, password => $password});
}

# [password, taken or not, what it is]
for my $case (['p' x 9, 0, '9 characters'], ['', 0, 'none'],
    ["\x{e9}" x 9, 0, '9 characters of 18 bytes'],
    ['q' x 10, 1, '10 characters'], ["\x{e9}" x 10, 1, '10 of two bytes'],
    ["\x{1f600}" x 10, 1, '10 of four bytes'],
    ['r' x 256, 1, '256 bytes'], ['r' x 257, 0, '257 bytes'],
    ["\x{e9}" x 128, 1, '256 bytes of two-byte characters'],
    ["\x{e9}" x 128 . 'x', 0, '257 bytes of them'],
    ["\x{fdfa}" x 85, undef, 'one that grows when it is normalised'],
    [' ' x 10, 1, 'nothing but spaces'],
    ["tab\there and more", 1, 'one with a control character']) {
	my ($password, $good, $name) = @$case;
	my ($email, $res) = sign_up($password);
	if (!defined $good) {
		ok($res->status == 201 || $res->status == 400, $name);
		$good = $res->status == 201;
	} elsif ($good) {
		is_status($res, 201, $name);
	} else {
		has_fault($res, '/password', $name);
	}
	is_status(login($email, $password), 200, '... logs in') if $good;
}
my (undef, $res) = sign_up([1]);
has_fault($res, '/password', 'no string');

# Taken whole.
my ($email, $long) = ('', 'x' x 200);
($email) = sign_up($long);
is_status(login($email, $long), 200, '200 bytes');
is_problem(login($email, 'x' x 199 . 'y'), 401, 'INVALID_CREDENTIALS',
    '... the last one counts');
is_problem(login($email, 'x' x 72), 401, 'INVALID_CREDENTIALS',
    '... and the first 72 are not enough');
($email) = sign_up('Pass phrase 1');
for my $near ('pass phrase 1', 'Pass phrase 1 ', ' Pass phrase 1',
    'Pass  phrase 1', 'Pass phrase', 'Pass phrase 1' x 2) {
	is_problem(login($email, $near), 401, 'INVALID_CREDENTIALS',
	    "'$near' is another one");
}
is_status(login($email, 'Pass phrase 1'), 200, 'the right one');

# Normal forms: composed, decomposed, and compatible ones.
for my $case (["caf\x{e9} cr\x{e8}me", "cafe\x{301} cre\x{300}me",
    'NFC and NFD'],
    ["\x{ac00}\x{ac01}\x{ac02} korean", join('', map { "\x{1100}\x{1161}$_" }
    '', "\x{11a8}", "\x{11a9}") . ' korean', 'Hangul'],
    ["\x{fb01}sh and \x{fb02}our", 'fish and flour', 'ligatures'],
    ["\x{ff50}\x{ff41}\x{ff53}\x{ff53} words 12", 'pass words 12',
    'full width']) {
	my ($one, $two, $name) = @$case;
	for my $pair ([$one, $two], [$two, $one]) {
		my ($who) = sign_up($pair->[0]);
		is_status(login($who, $_), 200, "$name: " . ($_ eq $pair->[0] ?
		    'as typed' : 'the other')) for @$pair;
	}
}

# Too long at a login is no password, and no work.
is_status(login($email, 'x' x 300), 400, '300 bytes at a login');
is_status(login($email, 'x'), 401, 'one character at a login');

done_testing;
