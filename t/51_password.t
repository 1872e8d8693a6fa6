#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Passwords: 10 characters to 256 bytes, taken whole, the same in every
# normal form.  Those that are guessed easily are refused, with the reasons.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $serial = 0;
my $other = 'Plum tree 47!';	# a good one to make longer

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
my $two = join '', map { chr 0xe0 + $_ * 7 % 23 } 0 .. 127;
my $four = join '', map { chr 0x1f600 + $_ * 5 % 64 } 0 .. 9;
my $long = $other . join '', map { chr 33 + $_ * $_ % 89 } 1 .. 243;
for my $case (['Kq7 vZ2.p', 0, '9 characters'], ['', 0, 'none'],
    [substr($two, 0, 9), 0, '9 characters of 18 bytes'],
    [substr($two, 0, 9) . "e\x{301}", 1, '10 that are typed as 11'],
    [substr($two, 0, 8) . "e\x{301}", 0, '9 that are typed as 10'],
    ['Kq7 vZ2.pw', 1, '10 characters'],
    [substr($two, 0, 10), 1, '10 of two bytes'],
    [$four, 1, '10 of four bytes'],
    [$long, 1, '256 bytes'], ["${long}x", 0, '257 bytes'],
    [$two, 1, '256 bytes of two-byte characters'],
    ["${two}x", 0, '257 bytes of them'],
    [join('', map { chr 0xfdf0 + $_ % 11 } 1 .. 85), 1,
    'one that grows when it is normalised'],
    ['plum tree   ' . ' ' x 60, 1, 'many spaces'],
    ["tab\there and more", 1, 'one with a control character']) {
	my ($password, $good, $name) = @$case;
	my ($email, $res) = sign_up($password);
	if ($good) {
		is_status($res, 201, $name);
	} else {
		has_fault($res, '/password', $name);
	}
	is_status(login($email, $password), 200, '... logs in') if $good;
}
my (undef, $res) = sign_up([1]);
has_fault($res, '/password', 'no string');

# Taken whole.
my ($email) = sign_up($long);
is_status(login($email, $long), 200, '256 bytes');
is_problem(login($email, substr($long, 0, 255) . '~'), 401, 'INVALID_CREDENTIALS',
    '... the last one counts');
is_problem(login($email, substr $long, 0, 72), 401, 'INVALID_CREDENTIALS',
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

# What is guessed easily is refused, and why is said.
sub weak {
	my ($res, $at, $why, $name) = @_;
	my ($fault) = grep { $_->{code} eq 'WEAK_PASSWORD' }
	    @{$res->get('errors') // []};

	is_problem($res, 400, 'VALIDATION_FAILED', $name);
	is($fault->{pointer}, $at, '... at the member');
	is($fault->{message} // '', "is guessed too easily: it has $why",
	    '... with the reason');
}
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);
for my $case (['password1234', 'a common word'],
    ['P4SSW0RD!!', 'a common word'],
    ['x' x 10, 'a repetition'], ['y' x 256, 'a repetition'],
    [' ' x 10, 'a repetition'], ["\x{e9}" x 10, 'a repetition'],
    ['abcdefghijkl', 'a sequence'], ['qwertyuiop', 'a common word'],
    ['zaq1xsw2cde3', 'a common word, neighbouring keys'],
    ['10.12.1815', 'a date'],
    ["\x{ff50}\x{ff41}\x{ff53}\x{ff53}word1234",
    'a common word']) {
	my ($password, $why) = @$case;
	weak((sign_up($password))[1], '/password', $why, "'$password'");
}
# Whose name it is matters.
my @ada = (email => 'ada.lovelace@byron.example',
    name => "Augusta M\x{fc}ller-King");
for my $password ('Augusta1815', 'lovelace.ada', 'king of byron',
    "AUGUSTA M\x{dc}LLER", 'ada.lovelace@byron.example') {
	$res = $g->call(POST => '/v1/users', json => {@ada,
	    password => $password});
	is_problem($res, 400, 'VALIDATION_FAILED', "her own '$password'");
	like($res->body, qr/your own name or email/, '... says so');
	$res = $g->call(POST => '/v1/staff', as => 'ADMIN', json => {@ada,
	    role => 'AUDITOR', password => $password});
	like($res->body, qr/your own name or email/, '... for staff, too');
}
is_status((sign_up("AUGUSTA M\x{dc}LLER"))[1], 201,
    "... is good for somebody else");
my $ada = $g->new_user('USER', @ada);
sub change {
	my ($current, $new) = @_;
	return $g->call(PUT => '/v1/users/me/password', as => $ada, json =>
	    {currentPassword => $current, newPassword => $new});
}
weak(change($ada->{password}, 'Augusta1815'), '/newPassword',
    'your own name or email', 'a change of the password');
is_status(login($ada->{email}, $ada->{password}), 200, '... changes nothing');
is_status(change($ada->{password}, $other), 204, '... a good one does');

# The least length is a setting.
my $strict = Guerdon::Stack->new(db => $g->{db}, uri => $g->{uri},
    conf => {password_min_length => 14}, start => 0);
system('cp', '-a', "$g->{home}/keys", "$strict->{home}/keys") == 0 or die 'cp';
$strict->start;
for my $case ([$other, 400], ["$other.", 201]) {
	$res = $strict->call(POST => '/v1/users', json => {
	    email => 'p' . ++$serial . '@example.org', name => 'N',
	    password => $case->[0]});
	is_status($res, $case->[1], length($case->[0]) . ' characters of 14');
	is(join(' ', faults($res)), '/password TOO_SHORT',
	    '... with the reason') if $case->[1] == 400;
}
is_status($strict->call(POST => '/v1/auth/login', json => {
    email => $ada->{email}, password => $other}), 200,
    'who has a shorter one logs in');

# ... that has a floor.
for my $case ([7, 0], [8, 1]) {
	my ($least, $good) = @$case;
	my $conf = "$strict->{home}/least.conf";
	open my $fh, '>', $conf or die "$conf: $!";
	print $fh Guerdon::Stack::slurp($strict->conf_path) =~
	    s/^(password_min_length =).*/$1 $least/mr;
	close $fh or die "$conf: $!";
	chmod 0600, $conf;
	my ($out, $status) = $strict->run(Guerdon::Stack::build() .
	    '/bin/guerdon', '-c', $conf, 'check-config');
	is($status == 0, !!$good, "a least length of $least") or diag($out);
	like($out, qr/password_min_length/, '... says which') if !$good;
}

# Too long at a login is no password, and no work.
is_status(login($email, 'x' x 300), 400, '300 bytes at a login');
is_status(login($email, 'x'), 401, 'one character at a login');

done_testing;
