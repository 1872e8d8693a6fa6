#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# How long a refused login takes tells nobody who exists.
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

# With and without a user the password is hashed.  All are tried in turn, so
# that a busy machine slows each.
my $disabled = $g->new_user;
is_status($g->call(PATCH => "/v1/users/$disabled->{userId}", as => 'ADMIN',
    json => {status => 'DISABLED'}), 200, 'a user is disabled');
my @tries = (['a wrong password', $user->{email}, 'wrong password'],
    ['an unknown user', 'nobody@example.org', 'wrong password'],
    ['a disabled user', @$disabled{qw(email password)}],
    ['a disabled user with a wrong password', $disabled->{email},
	'wrong password']);

# Chance is the less the more is measured; a real difference stays.
my (@times, @medians);
for my $n (1 .. 305) {
	# Nobody is always first.
	for my $i (map { ($n + $_) % @tries } 0 .. $#tries) {
		my $start = time;
		login(@{$tries[$i]}[1, 2]);
		push @{$times[$i]}, 1000 * (time - $start);
	}
	next if $n % 61;
	@medians = map { (sort { $a <=> $b } @$_)[@$_ / 2] } @times;
	last if !grep { abs($_ / $medians[0] - 1) > 0.05 } @medians;
}
for my $i (1 .. $#tries) {
	cmp_ok(abs($medians[$i] / $medians[0] - 1), '<=', 0.05,
	    sprintf '%s takes as long as %s (%.1f and %.1f ms)', $tries[$i][0],
	    $tries[0][0], $medians[$i], $medians[0]);
}

done_testing;
