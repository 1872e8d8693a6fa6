#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The grace of a refresh: of 32 requests that use one token at once exactly one
# makes a new generation, and the others get the same successor; after the
# grace, or once the successor was used, it is a second use and ends the
# session.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

use constant ROUNDS => 100;

my $g = Guerdon::Stack->new(workers => 4);
my $m = Guerdon::Mongo->new($g);

sub refresh {
	my ($stack, $token) = @_;

	return $stack->call(POST => '/v1/auth/refresh',
	    json => {refreshToken => $token});
}
sub stored {
	my ($user) = @_;

	return ($m->find('sessions',
	    [_id => (split /\./, $user->{refresh})[0]]))[0];
}
sub me { return $_[0]->call(GET => '/v1/users/me', as => $_[1])->brief }

# One session, a hundred times over: each round starts from the newest token.
my $user = $g->new_user;
my $before = stored($user);
my (@wrong, $given);
for my $round (1 .. ROUNDS) {
	my @answers = http_all(map { $g->request(POST => '/v1/auth/refresh',
	    json => {refreshToken => $user->{refresh}}) } 1 .. 32);
	my %next = map { $_->get('refreshToken') => 1 }
	    grep { $_->status == 200 } @answers;
	my @odd = grep { $_->status != 200 && $_->brief ne
	    '401 INVALID_GRANT' } @answers;
	my $generation = stored($user)->{generation};
	$given += grep { $_->status == 200 } @answers;
	push @wrong, "round $round: " . keys(%next) . " successors, " .
	    "generation $generation, odd: @{[map { $_->brief } @odd]}"
	    if keys %next != 1 || @odd || $generation != $round + 1;
	my ($token) = sort keys %next;
	last if !defined $token;
	$user->{refresh} = $token;
}
is(join("\n", @wrong), '', ROUNDS . ' rounds of 32: one new generation each');
diag("$given of " . 32 * ROUNDS . ' got the successor');
my $after = stored($user);
is($after->{expiresAt}, $before->{expiresAt},
    'the session ends when it would have ended');
is($after->{revokedAt}, undef, '... and has not ended');

# Within the grace the same refresh token comes again; its access token is
# another one, and good.
my $first = $user->{refresh};
my @two = map { refresh($g, $first) } 1, 2;
is(join(' ', map { $_->status } @two), '200 200', 'a token used twice at once');
is($two[0]->get('refreshToken'), $two[1]->get('refreshToken'),
    '... gives one successor');
is(me($g, $_->get('accessToken')), '200', '... and a good access token')
    for @two;

# Two generations back there is no grace.
my $third = refresh($g, $two[0]->get('refreshToken'));
is_status($third, 200, 'the successor is used');
is_problem(refresh($g, $first), 401, 'INVALID_GRANT',
    '... then the token before it is a second use');
is_problem(refresh($g, $third->get('refreshToken')), 401, 'INVALID_GRANT',
    '... and the family is dead: the newest refresh token');
is(me($g, $_->get('accessToken')), '401 INVALID_TOKEN',
    '... and each access token, on the next request') for @two, $third;

# A grace of a second: when it is over, the same token ends the session.
my $short = Guerdon::Stack->new(conf => {refresh_grace => 1});
my $other = $short->new_user;
my $begun = time;
my $next = refresh($short, $other->{refresh});
is_status($next, 200, 'a short grace: a first use');
my ($res, @again);
ok($short->wait_for(sub {
	$res = refresh($short, $other->{refresh});
	push @again, $res if $res->status == 200;
	return $res->status != 200;
}, 10), '... is over some time');
cmp_ok(time - $begun, '>', 0.9, '... not before a second');
is(join(' ', grep { $_ ne $next->get('refreshToken') }
    map { $_->get('refreshToken') } @again), '',
    '... until then the successor was the same');
is_problem($res, 401, 'INVALID_GRANT', '... and then it is a second use');
is(me($short, $next->get('accessToken')), '401 INVALID_TOKEN',
    '... and the session has ended');

done_testing;
