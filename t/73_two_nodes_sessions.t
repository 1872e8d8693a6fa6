#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Two nodes on one database: whatever ends a session on the one is known to
# the other within 250 ms, though the token was good there a moment ago.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Stack;

use constant LIMIT => 0.250;

my $near = Guerdon::Stack->new(devdb => 1, conf => {refresh_grace => 0});
my $far = Guerdon::Stack->new(db => $near->{db}, uri => $near->{uri},
    conf => {keys => "$near->{home}/keys", refresh_grace => 0});

sub sid { return (split /\./, $_[0]{refresh})[0] }
sub refresh { return $near->call(POST => '/v1/auth/refresh',
    json => {refreshToken => $_[0]{refresh}}) }

# Each gets a user and another session of the same user, and ends that one.
my @ends = (
    ['ended by its user' => 204, sub { $near->call(DELETE =>
	'/v1/users/me/sessions/' . sid($_[1]), as => $_[0]) }],
    ['ended by an administrator' => 204, sub { $near->call(DELETE =>
	"/v1/users/$_[0]{userId}/sessions/" . sid($_[1]), as => 'ADMIN') }],
    ['all ended by an administrator' => 204, sub { $near->call(DELETE =>
	"/v1/users/$_[0]{userId}/sessions", as => 'ADMIN') }],
    ['log out everywhere else' => 204, sub { $near->call(DELETE =>
	'/v1/users/me/sessions?keep=current', as => $_[0]) }],
    ['another password' => 204, sub { $near->call(PUT =>
	'/v1/users/me/password', as => $_[0], json => {currentPassword =>
	$_[0]{password}, newPassword => 'another good password'}) }],
    ['the account erased' => 204, sub { $near->call(DELETE =>
	'/v1/users/me', as => $_[0], json => {password => $_[0]{password}}) }],
    ['erased by an administrator' => 204, sub { $near->call(DELETE =>
	"/v1/users/$_[0]{userId}", as => 'ADMIN') }],
    ['disabled' => 200, sub { $near->call(PATCH =>
	"/v1/users/$_[0]{userId}", as => 'ADMIN',
	json => {status => 'DISABLED'}) }],
    ['a refresh token used twice' => 401, sub { refresh($_[1]);
	refresh($_[1]) }],
);

for my $end (@ends) {
	my ($name, $status, $do) = @$end;
	my (@late, $seen);
	for my $round (1 .. 3) {
		my $user = $near->new_user;
		my $other = $near->log_in({%$user});
		my $me = sub { $_[0]->call(GET => '/v1/users/me',
		    as => $other)->status };
		my @before = map { $me->($_) } $far, $near, $far;
		my $answer = $do->($user, $other)->status;
		my $ended = time;
		push @late, "round $round: @before, then $answer" if
		    "@before" ne '200 200 200' || $answer != $status;
		push @late, "round $round: good on its own node"
		    if $me->($near) != 401;
		while (time < $ended + 0.5) {
			my $asked = time;
			my $good = $me->($far) == 200;
			$seen = $asked - $ended if $good &&
			    $asked - $ended > ($seen // 0);
			push @late, sprintf 'round %d: good after %d ms',
			    $round, 1000 * ($asked - $ended)
			    if $good && $asked - $ended > LIMIT;
		}
	}
	is(join("\n", @late), '', "$name: over on the next request here, and " .
	    'within 250 ms there' . (defined $seen ? sprintf(' (%d ms)',
	    1000 * $seen) : ''));
}

done_testing;
