#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Sign-up: what a new user is, and that one email address is one user however
# it is spelled.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $password = 'correct horse battery';

sub sign_up {
	my ($email, %o) = @_;
	return $g->request(POST => '/v1/users',
	    json => {email => $email, password => $password, name => 'N', %o});
}
sub sent { return Guerdon::Http::http(sign_up(@_)) }

my $res = sent('Ada.Lovelace@Example.org', name => 'Ada L.');
is_status($res, 201, 'a sign-up');
is(members($res), 'createdAt email name role status userId',
    '... gives a User and no more');
like($res->get('userId'), qr/^us_[0-9A-HJKMNP-TV-Z]{26}$/, '... with an id');
is($res->get('email'), 'Ada.Lovelace@Example.org', '... the email as typed');
is($res->get('name'), 'Ada L.', '... the name');
is($res->get('role'), 'USER', '... is a USER');
is($res->get('status'), 'ACTIVE', '... ACTIVE');
like($res->get('createdAt'), qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    '... since now, in UTC');
is($res->header('Location'), '/v1/users/' . $res->get('userId'),
    '... at Location');
unlike($res->body, qr/password|correct horse/i, '... without a password');
is_status($g->call(GET => $res->header('Location'), as => 'ADMIN'), 200,
    '... where an administrator finds it');

# One address, many spellings.
is_problem(sent($_), 409, 'EMAIL_TAKEN', "taken: $_") for
    'Ada.Lovelace@Example.org', 'ada.lovelace@example.org',
    'ADA.LOVELACE@EXAMPLE.ORG';
for my $case (['fi@example.org', "\x{fb01}\@example.org", 'a ligature'],
    ['wide@example.org', "\x{ff37}\x{ff49}\x{ff44}\x{ff45}\@example.org",
    'full-width letters'],
    ['kelvin@example.org', "\x{212a}elvin\@example.org", 'the Kelvin sign'],
    ["stra\x{df}e\@example.org", 'STRASSE@example.org', 'a sharp s'],
    ["caf\x{e9}\@example.org", "cafe\x{301}\@example.org",
    'a combining accent'],
    ["\x{3a3}\x{3b1}\x{3c2}\@example.org", "\x{3c3}\x{3b1}\x{3c3}\@example.org",
    'two sigmas']) {
	my ($first, $second, $name) = @$case;
	is_status(sent($first), 201, "$name: the first");
	is_problem(sent($second), 409, 'EMAIL_TAKEN', '... and the second');
}
is_status(sent('ada.lovelace2@example.org'), 201, 'another address is free');

# What a new user may not say.
for my $member (qw(role status userId createdAt passwordHash version)) {
	has_fault(sent("x$member\@example.org", $member => 'ADMIN'),
	    "/$member", "$member is not theirs to set");
}
for my $bad ('', 'x', 'x@', '@x', 'a b@example.org', 'x@example..org',
    'x@-example.org', 'x@example.org.', '.x@example.org', "x\n\@example.org",
    'x@exa_mple.org', 'y' x 65 . '@example.org',
    'x@' . join('.', ('y' x 50) x 6) . '.org', '"x y"@example.org', 7) {
	has_fault(sent($bad), '/email',
	    'no address: ' . substr($bad, 0, 20) =~ s/\n/\\n/r);
}
is_status(sent("long\@$_.org"), 201, 'a long domain')
    for join('.', ('y' x 40) x 5);
has_fault(sent('n1@example.org', name => ''), '/name', 'an empty name');
is_status(sent('n2@example.org', name => "\x{fc}" x 100), 201,
    'a name of 100 characters');
has_fault(sent('n3@example.org', name => "\x{fc}" x 101), '/name',
    '... and one more');
has_fault(sent('n4@example.org', name => undef), '/name', 'null is no name');

# Of many who want one address at once, one gets it.
my @answers = http_all(map { sign_up($_ % 2 ? 'race@example.org' :
    'RACE@Example.org') } 1 .. 32);
my %count;
$count{$_->brief}++ for @answers;
is_deeply(\%count, {201 => 1, '409 EMAIL_TAKEN' => 31},
    'of 32 sign-ups at once one succeeds');
is(scalar(grep { lc $_->{email} eq 'race@example.org' }
    $g->list('/v1/users?limit=100', as => 'ADMIN')), 1,
    '... and one user is there');

done_testing;
