#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Login: what a session is, and that an unknown email and a wrong password
# can't be told apart; of their times see 79_login_time.t.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->new_user;

sub login {
	my ($email, $password) = @_;

	return $g->call(POST => '/v1/auth/login',
	    json => {email => $email, password => $password});
}

my $res = login(@$user{qw(email password)});
is_status($res, 200, 'a login');
is(members($res), 'accessToken expiresIn refreshExpiresIn refreshToken ' .
    'role tokenType userId', '... gives a Session and no more');
is($res->get('tokenType'), 'Bearer', '... of type Bearer');
is($res->get('expiresIn'), 900, '... for 15 minutes');
cmp_ok(abs($res->get('refreshExpiresIn') - 30 * 86400), '<', 5, '... and 30 days');
is($res->get('userId'), $user->{userId}, '... of the user');
is($res->get('role'), 'USER', '... with the role');
is($res->header('Cache-Control'), 'no-store', '... not to be kept');

my ($head, $claims, $mac) = split /\./, $res->get('accessToken');
$_ = $Guerdon::Stack::json->decode(Guerdon::Stack::from_base64url($_))
    for $head, $claims;
is(members($head), 'alg kid typ', 'the header of a token');
is("$head->{alg} $head->{typ}", 'HS256 JWT', '... says HS256');
is(length Guerdon::Stack::from_base64url($mac), 32, '... and it has a MAC');
is($claims->{sub}, $user->{userId}, 'the claims: subject');
cmp_ok(abs($claims->{iat} - time), '<', 5, '... made now');
is($claims->{exp} - $claims->{iat}, 900, '... ends in 15 minutes');
ok(!(grep { exists $claims->{$_} } qw(role status email name)),
    '... and neither role nor status');
my ($sid) = $res->get('refreshToken') =~ /^([^.]+)\./;
is($claims->{sid}, $sid, 'the refresh token names the same session');
cmp_ok(length((split /\./, $res->get('refreshToken'))[-1]), '>=', 22,
    '... and has 128 bits or more');
my $again = login(@$user{qw(email password)});
isnt($again->get('accessToken'), $res->get('accessToken'),
    'another login, another token');

# The email's spelling doesn't matter, the password's does.
is_status(login(uc $user->{email}, $user->{password}), 200,
    'the email in upper case');
my @refused = (
    ['a wrong password', $user->{email}, 'wrong password'],
    ['an unknown email', 'nobody@example.org', $user->{password}],
    ['no address at all', 'nobody', $user->{password}],
    ['upper case', $user->{email}, uc $user->{password}],
    ['another user\'s password', $user->{email},
	$g->{demo}{ADMIN_PASSWORD}],
);
my @answers = map { login($_->[1], $_->[2]) } @refused;
for my $i (0 .. $#refused) {
	is_problem($answers[$i], 401, 'INVALID_CREDENTIALS', $refused[$i][0]);
	is_deeply([map { $answers[$i]->get($_) } qw(type title detail instance)],
	    [map { $answers[0]->get($_) } qw(type title detail instance)],
	    '... looks as the first');
}

# A disabled user is refused as somebody who isn't there.
my $gone = $g->new_user;
is_status($g->call(PATCH => "/v1/users/$gone->{userId}", as => 'ADMIN',
    json => {status => 'DISABLED'}), 200, 'a user is disabled');
$res = login(@$gone{qw(email password)});
is_problem($res, 401, 'INVALID_CREDENTIALS', '... and cannot log in');
is($res->get('detail'), $answers[0]->get('detail'), '... for no named reason');
is_status($g->call(PATCH => "/v1/users/$gone->{userId}", as => 'ADMIN',
    json => {status => 'ACTIVE'}), 200, 'the user is enabled');
is_status(login(@$gone{qw(email password)}), 200, '... and can log in');

# What is not a login.
has_fault($g->call(POST => '/v1/auth/login', json => {email => 'x@y.zz'}),
    '/password', 'no password');
has_fault($g->call(POST => '/v1/auth/login', json => {email => ['x'],
    password => 'y'}), '/email', 'an array for an email');
has_fault($g->call(POST => '/v1/auth/login', json => {
    email => {'$gt' => ''}, password => 'y'}), '/email', 'an operator');

done_testing;
