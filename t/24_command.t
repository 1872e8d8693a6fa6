#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# guerdon, the command line: init, user add, check-config, version; its help
# and its exit status.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $program = Guerdon::Stack::build() . '/bin/guerdon';

# Run it; what it prints on standard output, and its status.
sub guerdon { my ($out, $status) = $g->guerdon(@_); return ($status, $out) }
sub bare {
	my ($in, @words) = @_;
	my $out = qx(printf %s @{[Guerdon::Stack::quote($in)]} | \\
	    @{[Guerdon::Stack::quote($program, @words)]} 2>&1);
	return ($? >> 8, $out);
}

my ($status, $out) = bare('', 'version');
is($status, 0, 'version');
like($out, qr/^guerdon \d+\.\d+\.\d+$/, '... is printed');
for my $help (['--help'], ['-h'], map { [@$_, '--help'] } ['init'],
    ['user', 'add'], ['service', 'rotate'], ['key', 'rotate'],
    ['doctor'], ['check-config'], ['version']) {
	($status, $out) = bare('', @$help);
	is($status, 0, "@$help: 0");
	like($out, qr/^usage: guerdon /, '... says how');
}
for my $wrong ([], ['nonsense'], ['user'], ['user', 'remove'], ['init', 'x'],
    ['init', '--nonsense'], ['--nonsense'], ['user', 'add'],
    ['user', 'add', '--role'], ['user', 'add', '--role', 'ADMIN'],
    ['-c'], ['version', 'x'], ['doctor', 'x'], ['doctor', '--x']) {
	($status, $out) = bare('', @$wrong);
	is($status, 2, "'@$wrong': 2");
	like($out, qr/usage: guerdon /, '... says how');
}
($status, $out) = bare('', '-c', "$g->{home}/nothing.conf", 'init');
is($status, 1, 'no configuration: 1');
like($out, qr/nothing\.conf/, '... says which');

# init can be run again, also several times at once.
my $keys = join ' ', map { Guerdon::Stack::slurp($_) }
    glob "$g->{home}/keys/*.key $g->{home}/keys/auth/*.key " .
    "$g->{home}/keys/auth/token/*.key";
my @running = map { open my $fh, '-|', Guerdon::Stack::quote($program, '-c',
    $g->conf_path, 'init') . ' 2>&1' or die; $fh } 1 .. 4;
for my $fh (@running) {
	my $text = do { local $/; <$fh> } // '';
	close $fh;
	is($? >> 8, 0, 'init again') or diag($text);
}
is(join(' ', map { Guerdon::Stack::slurp($_) }
    glob "$g->{home}/keys/*.key $g->{home}/keys/auth/*.key " .
    "$g->{home}/keys/auth/token/*.key"), $keys, '... the keys are the same');
is_status($g->call(GET => '/v1/events', as => 'USER'), 200,
    '... and all goes on');

# user add.
($status, $out) = guerdon('user', 'add', '--role', 'AUDITOR', '--email',
    'new@example.org', '--name', "N\x{c3}\x{bc}");
is($status, 0, 'user add') or diag($out);
my $user = $Guerdon::Stack::json->decode($out);
is(members($user), 'email name password role userId', '... prints the user');
cmp_ok(length $user->{password}, '>=', 20, '... with a password');
$g->log_in($user);
is($user->{role}, 'AUDITOR', '... who logs in');
is($g->call(GET => '/v1/users/me', as => $user)->get('name'), "N\x{fc}",
    '... and has the name');
($status, $out) = guerdon('user', 'add', '--role', 'USER', '--email',
    'NEW@Example.org', '--name', 'N');
is($status, 1, 'an address that is taken: 1');
like($out, qr/EMAIL_TAKEN|another user/, '... says so');
for my $case ([USER => 'x', 'N'], [ROOT => 'r@example.org', 'N'],
    [SERVICE => 's@example.org', 'N'], [USER => 'e@example.org', '']) {
	my ($role, $email, $name) = @$case;
	($status, $out) = guerdon('user', 'add', '--role', $role, '--email',
	    $email, '--name', $name);
	is($status, 1, "role $role, email $email, name '$name': 1") or
	    diag($out);
}
my @add = ('-c', $g->conf_path, 'user', 'add', '--role', 'USER', '--name', 'P',
    '--password-stdin', '--email');
($status, $out) = bare("a password of mine\n", @add, 'p1@example.org');
is($status, 0, 'a password from standard input') or diag($out);
unlike($out, qr/password/, '... is not printed');
is_status($g->call(POST => '/v1/auth/login', json => {email =>
    'p1@example.org', password => 'a password of mine'}), 200, '... and good');
for my $case (['too short', "short\n"], ['none', ''],
    ['guessed easily', "xxxxxxxxxxxx\n"],
    ['too long', 'x' x 257 . "\n"]) {
	($status, $out) = bare($case->[1], @add, 'p2@example.org');
	is($status, 1, "$case->[0]: 1");
	unlike($out, qr/short\n|xxxx/, '... and it is not repeated');
}

# check-config.
($status, $out) = guerdon('check-config');
is($status, 0, 'check-config') or diag($out);
my $m = Guerdon::Mongo->new($g);
my ($schema) = $m->find('schema', [_id => 'schema']);
$m->update('schema', [_id => 'schema'], ['$set' => [version => 7]]);
($status, $out) = guerdon('check-config');
is($status, 1, 'a database of a later version: 1');
like($out, qr/version 7.*newer/s, '... says what to do');
is((guerdon('init'))[0], 1, '... and init does not touch it');
$m->update('schema', [_id => 'schema'],
    ['$set' => [version => $schema->{version}]]);
chmod 0640, "$g->{home}/keys/node.key";
($status, $out) = guerdon('check-config');
is($status, 1, 'a key that others may read: 1');
like($out, qr/node\.key.*chmod/, '... says what to do');
chmod 0600, "$g->{home}/keys/node.key";
is((guerdon('check-config'))[0], 0, 'all is well again');

done_testing;
