#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# guerdon key rotate: the new key signs after a reload and old tokens stay
# good, under load without a lost request; a key goes only when no token can
# need it; what would leave the workers without a good key is refused.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Load;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $folder = "$g->{home}/keys/auth/token";
my $day = 86400;

sub names { return map { m{([^/]+)\.key$} } sort glob "$folder/*.key" }
sub kid { return $Guerdon::Stack::json->decode(
    Guerdon::Stack::from_base64url((split /\./, $_[0])[0]))->{kid} }
sub me { return $g->call(GET => '/v1/users/me', as => $_[0])->status }
sub rotate { return $g->guerdon('key', 'rotate') }
sub reloads { return scalar grep { $_->{message} eq 'reloaded' }
    $g->log('fcgi-auth') }
sub made { my $t = time - $_[1]; utime $t, $t, "$folder/$_[0].key" or die }

# Under load: a rotation and a reload, five times.
my $load = Guerdon::Load->new($g, users => 5, events => 40);
my $user = $g->new_user;
my @tokens = ($user->{token});
my ($rounds, $wanted, @failed) = (0, 0);
$load->run(until => 60, tick => sub {
	return 0 if $wanted && reloads() < $wanted;
	return $load->{count} > 150 if $rounds > 5;
	push @tokens, $g->log_in({%$user})->{token};
	return 0 if $rounds++ == 5;
	my ($out, $status) = rotate();
	push @failed, $out if $status != 0;
	$wanted = reloads() + $g->size('auth');
	kill USR2 => $g->pool_pid('auth');
	return 0;
});
is(join('', @failed), '', 'five rotations');
is(scalar names(), 6, '... make five more keys');
my @kids = map { kid($_) } @tokens[1 .. $#tokens];
is("@kids", join(' ', names()), '... and after each reload the newest signs');
is(join(' ', map { me($_) } @tokens), join(' ', (200) x @tokens),
    '... and every token is good');
cmp_ok($load->{count}, '>', 150, "there was load: $load->{count} requests");
is(join("\n", map { $_->request->{path} . ' ' . $_->brief }
    @{$load->{failed}}, @{$load->{odd}}), '', '... and none was lost');
is(join(' ', map { sprintf '%04o', (stat)[2] & 07777 } $folder,
    glob "$folder/*.key"), join(' ', '0700', ('0600') x 6), 'modes');

# A key goes once the next one is older than any token.
my @had = names();
made($had[0], 9 * $day);
made($had[1], $day - 60);
my ($out, $status) = rotate();
is($status, 0, 'a rotation') or diag($out);
is((names())[0], $had[0], 'a key stays while the next one is younger than a day');
made($had[1], $day + 120);
made($had[2], $day + 120);
($out, $status) = rotate();
like($out, qr/removed the key \Q$had[0]\E\.key.*removed the key \Q$had[1]\E/s,
    'keys go when the next one is older');
is((names())[0], $had[2], '... and no other');
kill USR2 => $g->pool_pid('auth');
ok($g->wait_for(sub { me($tokens[0]) == 401 && me($tokens[1]) == 401 }, 5),
    'after a reload their tokens are refused');
is(me($tokens[-1]), 200, '... and no others');

# What is refused, and changes nothing.
sub refused {
	my ($name, $why) = @_;
	my $before = join ' ', names();
	my ($text, $code) = rotate();
	is($code, 1, "$name: refused");
	like($text, $why, '... says why');
	is(join(' ', names()), $before, '... and leaves all as it was');
}
sub spill {
	my ($name, $text) = @_;
	open my $fh, '>', "$folder/$name" or die;
	print $fh $text;
	close $fh or die;
	chmod 0600, "$folder/$name";
}
my $good = Guerdon::Stack::slurp("$folder/" . (names())[0] . '.key');
spill('zz.key', $good);
refused('a key whose name comes after every new one', qr/zz\.key/);
spill('zz.key', "nonsense\n");
refused('a bad key', qr/zz\.key.*hex/);
unlink "$folder/zz.key";
chmod 0644, "$folder/" . (names())[0] . '.key';
refused('a key that others can read', qr/chmod 600/);
chmod 0600, "$folder/" . (names())[0] . '.key';
rotate() while names() < 16;
refused('a seventeenth key', qr/16 keys/);
is_status($g->call(POST => '/v1/auth/login', json => {map { $_ => $user->{$_} }
    qw(email password)}), 200, 'the workers go on');

done_testing;
