#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Refresh: each token is good once, gives the next one, and used twice it ends
# the session with all its tokens.  Here there is no grace: see 53_grace.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4, conf => {refresh_grace => 0});

sub refresh {
	return $g->call(POST => '/v1/auth/refresh',
	    json => {refreshToken => $_[0]});
}

sub me { return $g->call(GET => '/v1/users/me', as => $_[0])->brief }

my $user = $g->new_user;
my ($first_access, $first) = @$user{qw(token refresh)};
my $res = refresh($first);
is_status($res, 200, 'a refresh');
is(members($res), 'accessToken expiresIn refreshExpiresIn refreshToken ' .
    'role tokenType userId', '... gives a Session as login does');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');
my ($access, $second) = map { $res->get($_) } qw(accessToken refreshToken);
isnt($second, $first, '... with another refresh token');
isnt($access, $first_access, '... and another access token');
is(me($access), '200', 'the new access token is good');
is(me($first_access), '200', '... and the old one still is');
cmp_ok($res->get('refreshExpiresIn'), '<=', 30 * 86400,
    'the session does not get longer');

# Along a chain.
my @chain = ($first, $second);
for (1 .. 5) {
	$res = refresh($chain[-1]);
	is_status($res, 200, "refresh $_ of a chain");
	push @chain, $res->get('refreshToken');
}
my %seen = map { $_ => 1 } @chain;
is(keys %seen, @chain, 'no token comes twice');

# A token that was used, also long ago.
$access = $res->get('accessToken');
is_problem(refresh($chain[2]), 401, 'INVALID_GRANT', 'a used token');
is_problem(refresh($chain[-1]), 401, 'INVALID_GRANT',
    '... has ended the session: its newest token is refused');
is(me($access), '401 INVALID_TOKEN', '... its access token at once');
is(me($first_access), '401 INVALID_TOKEN', '... and every older one');
$g->log_in($user);
is(me($user), '200', 'a new login is not touched by that');
my $other = $g->log_in({%$user});
refresh($user->{refresh});
is_problem(refresh($user->{refresh}), 401, 'INVALID_GRANT',
    'a second session ended');
is(me($other), '200', '... does not end the first');

# What is no refresh token of ours.
my $sid = (split /\./, $other->{refresh})[0];
my (undef, $generation, $mac) = split /\./, $other->{refresh};
for my $case (['nonsense', 'x'], ['an access token', $other->{token}],
    ['no MAC', "$sid.$generation."], ['no parts', $sid],
    ['a changed MAC', "$sid.$generation." . ($mac =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er)],
    ['a later generation', "$sid." . ($generation + 1) . ".$mac"],
    ['generation 0', "$sid.0.$mac"], ['minus one', "$sid.-1.$mac"],
    ['a leading zero', "$sid.0$generation.$mac"],
    ['a huge generation', "$sid.99999999999999999999.$mac"],
    ['a longer MAC', "$other->{refresh}A"], ['a padded MAC', "$other->{refresh}="],
    ['one part more', "$other->{refresh}.x"], ['a space', " $other->{refresh}"],
    ['another session', 'se_00000000000000000000000000' .
    substr $other->{refresh}, length $sid],
    ['somebody else\'s session with this MAC', (split /\./,
    $g->new_user->{refresh})[0] . ".$generation.$mac"]) {
	is_problem(refresh($case->[1]), 401, 'INVALID_GRANT', $case->[0]);
}
is(me($other), '200', 'none of these has ended the session');
is_status(refresh($other->{refresh}), 200, '... or used its token up');
has_fault(refresh(''), '/refreshToken', 'an empty token');
has_fault(refresh('x' x 600), '/refreshToken', 'a long token');
has_fault(refresh(undef), '/refreshToken', 'null');

# A session that was ended on purpose, and a user who is not active.
my $gone = $g->new_user;
is_status($g->call(POST => '/v1/auth/logout', as => $gone), 204, 'a logout');
is_problem(refresh($gone->{refresh}), 401, 'INVALID_GRANT',
    '... ends the refresh token');
$g->log_in($gone);
$g->call(PATCH => "/v1/users/$gone->{userId}", as => 'ADMIN',
    json => {status => 'DISABLED'});
is_problem(refresh($gone->{refresh}), 401, 'INVALID_GRANT',
    "a disabled user's token");
my $raised = $g->new_user;
$g->call(PATCH => "/v1/users/$raised->{userId}", as => 'ADMIN',
    json => {role => 'AUDITOR'});
is(refresh($raised->{refresh})->get('role'), 'AUDITOR',
    'a refresh tells the role as it is now');

# Of many who use one token at once, at most one gets tokens.
for my $round (1 .. 5) {
	my $racer = $g->log_in({%$user});
	my @answers = http_all(map { $g->request(POST => '/v1/auth/refresh',
	    json => {refreshToken => $racer->{refresh}}) } 1 .. 32);
	my %new = map { $_->get('refreshToken') => 1 }
	    grep { $_->status == 200 } @answers;
	my @odd = grep { $_->status != 200 &&
	    $_->brief ne '401 INVALID_GRANT' } @answers;
	cmp_ok(scalar keys %new, '<=', 1,
	    "round $round: 32 at once make at most one generation");
	is(join(' ', map { $_->brief } @odd), '', '... the others are 401');
}

done_testing;
