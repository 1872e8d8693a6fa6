#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A worker that can't do its work says why and what to run, waits a second (a
# supervisor would start it 1,900 times a second), and ends with status 1.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Cwd qw(abs_path);
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $top = abs_path(Guerdon::Stack::top());
my $home = $g->{home};
my $good = Guerdon::Stack::slurp($g->conf_path);
my $n = 0;

sub spill {
	my ($path, $text, $mode) = @_;
	open my $fh, '>', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
	chmod $mode // 0600, $path;
	return $path;
}

# A configuration that is the good one but for these lines.
sub conf {
	my (%line) = @_;
	my $text = $good;
	for my $key (keys %line) {
		$text =~ s/^\Q$key\E\s*=.*\n//m;
		$text .= "$key = $line{$key}\n";
	}
	return spill("$home/bad" . ++$n . '.conf', $text);
}

# A share folder whose contract of a service is spoilt by a substitution.
sub share {
	my ($service, $spoil) = @_;
	my $share = "$home/share" . ++$n;
	mkdir $share;
	for my $name (qw(auth event)) {
		my $text = Guerdon::Stack::slurp("$top/fcgi-$name/api.json");
		$text = $spoil->($text) if $name eq $service;
		mkdir "$share/fcgi-$name";
		spill("$share/fcgi-$name/api.json", $text, 0644);
	}
	return conf(share => $share);
}

# A copy of the keys in which one is spoilt.
sub keys_with {
	my ($spoil) = @_;
	my $keys = "$home/keys" . ++$n;
	system('cp', '-a', "$home/keys", $keys) == 0 or die 'cp';
	$spoil->($keys);
	return conf(keys => $keys);
}

my $behind = "$g->{db}_behind";
my $ahead = "$g->{db}_ahead";
Guerdon::Mongo->new({uri => $g->{uri}, db => $behind})
    ->insert('schema', [_id => 'schema', version => 0]);
Guerdon::Mongo->new({uri => $g->{uri}, db => $ahead})
    ->insert('schema', [_id => 'schema', version => 99]);

# [who, with what, what is to be said]
my @cases = (
    ['auth', conf(mongo_db => "$g->{db}_fresh"), qr/guerdon init/],
    ['event', conf(mongo_db => "$g->{db}_fresh"), qr/guerdon init/],
    ['auth', conf(mongo_db => $behind), qr/version 0.*guerdon init/],
    ['event', conf(mongo_db => $behind), qr/version 0.*guerdon init/],
    ['auth', conf(mongo_db => $ahead), qr/version 99.*newer/],
    ['event', conf(mongo_db => $ahead), qr/version 99.*newer/],
    ['auth', conf(mongo_uri => 'http://x/'), qr/mongo_uri/],
    ['gw', conf(nonsense => 1), qr/bad\d+\.conf:\d+: no such key: nonsense/],
    ['event', conf(spool_max => 'much'), qr/spool_max/],
    ['gw', "$home/nothing.conf", qr/nothing\.conf/],
    ['gw', share('event', sub { $_[0] =~ s/"x-roles"/"x-rolls"/r }),
	qr/x-rolls/],
    ['gw', share('auth', sub { "$_[0]x" }), qr/api\.json/],
    ['event', share('event', sub { $_[0] =~ s/"claim_mine"/"claim_other"/r }),
	qr/claim_other/],
    ['event', share('event', sub { $_[0] =~
	s/"maxLength": 200/"maxLenght": 200/r }), qr/maxLenght/],
    ['auth', share('auth', sub { $_[0] =~
	s/("x-roles": )\["ADMIN"/$1\["ADMIRAL"/r }), qr/role/],
    ['auth', share('auth', sub { $_[0] =~
	s{"#/components/schemas/Role"}{"#/components/schemas/Roll"}r }),
	qr/leads to no component/],
    ['event', share('event', sub { $_[0] =~ s/"event_get"/"event_list"/r }),
	qr/event_list/],
    ['gw', keys_with(sub { unlink "$_[0]/node.key" }), qr/node\.key/],
    ['event', keys_with(sub { spill("$_[0]/node.key", "xyz\n") }),
	qr/node\.key.*hex/],
    ['gw', keys_with(sub { chmod 0644, "$_[0]/node.key" }),
	qr/node\.key.*chmod/],
    ['event', keys_with(sub { unlink "$_[0]/node.key";
	symlink "$home/keys/node.key", "$_[0]/node.key" }), qr/node\.key/],
    ['auth', keys_with(sub { unlink glob "$_[0]/auth/token/*.key" }),
	qr/guerdon init/],
    ['auth', keys_with(sub { my ($k) = glob "$_[0]/auth/token/*.key";
	spill($k, 'ab' x 31 . "\n") }), qr/\.key.*hex/],
    ['auth', keys_with(sub { unlink "$_[0]/auth/factor.key" }),
	qr/factor\.key/],
    ['auth', keys_with(sub { spill("$_[0]/auth/factor.key", '00' x 32) }),
	qr/factor\.key.*not random/],
    ['auth', keys_with(sub { chmod 0640, "$_[0]/auth/refresh.key" }),
	qr/refresh\.key.*chmod/],
    ['auth', keys_with(sub { chmod 0644, glob "$_[0]/auth/token/*.key" }),
	qr/token.*chmod/],
    ['auth', keys_with(sub { chmod 0750, "$_[0]/auth/token" }),
	qr/token.*chmod 700/],
    ['auth', keys_with(sub { spill("$_[0]/service", "x\n") }),
	qr/service/],
);

# All at once: each takes a second.
my @running;
for my $case (@cases) {
	my ($who, $conf) = @$case;
	my $begun = time;
	my $pid = open my $out, '-|', 'exec ' . Guerdon::Stack::quote(
	    Guerdon::Stack::build() . "/bin/fcgi-$who", '-c', $conf) .
	    ' 2>&1 </dev/null' or die "fork: $!";
	push @running, [$begun, $out, $pid];
}
for my $i (0 .. $#cases) {
	my ($who, $conf, $want) = @{$cases[$i]};
	my ($begun, $out, $pid) = @{$running[$i]};
	local $SIG{ALRM} = sub { kill KILL => $pid };
	alarm 20;
	my $text = do { local $/; <$out> };
	close $out;
	alarm 0;
	my ($line) = grep { /"message":"worker refuses to start"/ }
	    split /\n/, $text;
	is($? >> 8, 1, "$who: ends with status 1");
	cmp_ok(time - $begun, '>', 0.95, '... not at once');
	like($line // $text, $want, '... and says why');
}

# A worker that has a good configuration but no socket.
my $text = qx(@{[Guerdon::Stack::quote(Guerdon::Stack::build() . '/bin/fcgi-gw',
    '-c', $g->conf_path)]} 2>&1 </dev/null);
is($? >> 8, 1, 'without a socket: status 1');
like($text, qr/spawn-fcgi/, '... and what to start it with');
qx(@{[Guerdon::Stack::quote(Guerdon::Stack::build() . '/bin/fcgi-gw')]} 2>&1);
is($? >> 8, 2, 'without a configuration: status 2');

Guerdon::Mongo->new({uri => $g->{uri}, db => $_})->command(dropDatabase => 1)
    for $behind, $ahead;
done_testing;
