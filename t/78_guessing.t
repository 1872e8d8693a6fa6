#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# 10,000 wrong passwords for one account, from 200 addresses: the user still
# comes in from home, nobody else is slowed down much, and the workers together
# look at no more of them than the limits say.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Http qw(http_drive);
use Guerdon::Stack;

my ($addresses, $wrong, $each) = (200, 10_000, 5);
my $g = Guerdon::Stack->new(limits => 'on', conf => {
    trusted_proxies => '127.0.0.1', limit_guess => "100/86400 $each/86400",
    limit_login => '50000/60 1000/60', limit_read => '50000/60 10000/60'});
my $victim = $g->new_user('USER');
my $other = $g->new_user('USER');
my ($sent, %status, @home, @reads, @logins) = (0);

sub login {
	my ($user, $password, $from) = @_;

	return $g->request(POST => '/v1/auth/login', json => {
	    email => $user->{email}, password => $password},
	    headers => ['X-Forwarded-For', $from]);
}

# Beside the guesses, in turn: the victim at home, another user's login and
# reads.
my $turn = time;
my @beside = (
    sub { return {%{login($victim, $victim->{password}, '198.51.100.7')},
	list => \@home} },
    sub { return {%{login($other, $other->{password}, '198.51.100.8')},
	list => \@logins} },
    (sub { return {%{$g->request(GET => '/v1/events', as => $other)},
	list => \@reads} }) x 4);
my $i = 0;
http_drive(at => 32, until => 240, next => sub {
	if (time >= $turn) {
		$turn = time + 0.1;
		return $beside[$i++ % @beside]->();
	}
	return if $sent >= $wrong;
	$sent++;
	return login($victim, "wrong horse $sent",
	    '203.0.' . int($sent % $addresses / 100) . '.' . $sent % 100);
}, done => sub {
	my ($req, $res) = @_;

	if ($req->{list}) {
		push @{$req->{list}}, $res;
	} else {
		$status{$res->status}++;
	}
});

sub p95 { return (sort { $a <=> $b } @_)[int(0.95 * $#_)] }

is($sent, $wrong, "$wrong wrong passwords were sent");
my $busy = $status{503} // 0;
cmp_ok($status{401}, '<=', $addresses * $each,
    'so many were looked at as the limit allows');
cmp_ok($status{401} + $busy, '>=', $addresses * $each, '... and no fewer');
is(($status{401} // 0) + ($status{429} // 0) + $busy, $wrong,
    'the others were refused');
is(scalar(grep { $_->status == 200 } @home), scalar @home,
    'the victim came in from home each time') or
    diag(join ' ', map { $_->brief } grep { $_->status != 200 } @home);
cmp_ok(@home, '>=', 5, '... several times');
for (['the victim', @home], ['another user', @logins], ['reads', @reads]) {
	my ($who, @res) = @$_;
	my $p95 = p95(map { $_->seconds } @res);

	cmp_ok($p95, '<', 2, sprintf '%s: p95 of %d is %.2f s', $who,
	    scalar @res, $p95);
	is(scalar(grep { $_->status >= 400 } @res), 0, '... and none failed');
}
note(join ', ', map { "$_ x $status{$_}" } sort keys %status);
done_testing;
