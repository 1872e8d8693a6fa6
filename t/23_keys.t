#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Keys are exchanged while the workers run: a new token key signs from the
# reload on and old tokens stay good until their key goes; a new service
# credential takes the place of the old one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $folder = "$g->{home}/keys/auth/token";

sub said { return scalar grep { $_->{message} eq 'reloaded' }
    $g->log("fcgi-$_[0]") }
sub reload {
	my %before = map { $_ => said($_) } qw(gw auth event);
	kill USR2 => $g->pool_pid($_) for keys %before;
	ok($g->wait_for(sub { !grep { said($_) < $before{$_} + $g->size($_) }
	    keys %before }, 5), $_[0]);
}
sub kid { return $Guerdon::Stack::json->decode(
    Guerdon::Stack::from_base64url((split /\./, $_[0])[0]))->{kid} }
sub me { return $g->call(GET => '/v1/users/me', as => $_[0])->status }
sub spill {
	my ($path, $text) = @_;
	open my $fh, '>', $path or die "$path: $!";
	chmod 0600, $path;
	print $fh $text;
	close $fh or die "$path: $!";
}

# Token keys: the last by name signs, all are accepted.
my $user = $g->new_user;
my $old = $user->{token};
my ($first) = map { m{([^/]+)\.key$} } glob "$folder/*.key";
is(kid($old), $first, 'a token names its key');
spill("$folder/zz-new.key", join('', map { sprintf '%02x', int rand 256 }
    1 .. 32) . "\n");
reload('a second key is read');
my $new = $g->log_in($user)->{token};
is(kid($new), 'zz-new', '... and signs');
is(join(' ', map { me($_) } ($old, $new) x 3), '200 200 200 200 200 200',
    '... and both are good');
unlink "$folder/$first.key" or die;
reload('the first key goes');
is(join(' ', map { me($_) } ($old, $new) x 3), '401 200 401 200 401 200',
    '... and its tokens with it');
is_status($g->call(POST => '/v1/auth/refresh', json => {refreshToken =>
    $user->{refresh}}), 200, '... but no session');

# A key that is wrong is not taken, and the old ones stay.
spill("$folder/zzz-bad.key", "nonsense\n");
kill USR2 => $g->pool_pid('auth');
ok($g->wait_for(sub { $g->size('auth') == grep { $_->{message} =~
    /^reload refused/ } $g->log('fcgi-auth') }, 5), 'a bad key is refused');
is(me($new), 200, '... and the good one stays');
unlink "$folder/zzz-bad.key" or die;

# The service credential.
my @call = (GET => '/v1/users', on => 'auth');
my $was = "$g->{demo}{SERVICE_ID}:$g->{demo}{SERVICE_SECRET}";
my ($out, $status) = $g->guerdon('service', 'rotate');
is($status, 0, 'guerdon service rotate') or diag($out);
my ($made) = $out =~ /^(\{.*\})$/m;
my $credential = $Guerdon::Stack::json->decode($made);
is(join(' ', sort keys %$credential), 'id secret', '... prints the new one');
my $now = "$credential->{id}:$credential->{secret}";
is_status($g->call(@call, basic => $was), 200, '... until the reload the old counts');
reload('the credential is read');
is_status($g->call(@call, basic => $was), 401, '... then it is refused');
is_status($g->call(@call, basic => $now), 200, '... and the new one counts');
is_status($g->call(GET => '/v1/audit', on => 'event', basic => $now), 200,
    '... for event, too');

done_testing;
