#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# "Try it out" in Swagger UI, in a headless Chromium, on all three listeners:
# with the right credentials, and without.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Stack;

my $script = "$FindBin::Bin/browser/swagger.js";
my $chromium = $ENV{CHROMIUM} // '/usr/bin/chromium';
plan skip_all => 'NODE_PATH does not name what t/browser/setup installs'
    if !-d ($ENV{NODE_PATH} // '') . '/playwright-core';
plan skip_all => "$chromium is not installed" if !-x $chromium;

my $g = Guerdon::Stack->new;
my $event = $g->new_event(title => 'Shown in the page');

# Drive the page once; what it shows.
sub page {
	my ($port, $method, $path, %env) = @_;

	local %ENV = (%ENV, %env);
	my $out = qx(timeout 100 node @{[Guerdon::Stack::quote($script,
	    "http://127.0.0.1:$g->{port}{$port}", $method, $path)]} 2>&1);
	my $shown = $? == 0 ? eval { $Guerdon::Stack::json->decode($out) } :
	    undef;
	ok($shown, "$port: $method $path in the page") or diag($out);
	return $shown // {};
}

my $service = "$g->{demo}{SERVICE_ID}:$g->{demo}{SERVICE_SECRET}";
for my $case (['http', '/v1/events', BEARER => $g->token('USER')],
    ['auth', '/v1/users', BASIC => $service],
    ['event', '/v1/events', BASIC => $service]) {
	my ($port, $path, %shown) = @$case;
	my $got = page($port, GET => $path, %shown);
	is($got->{code}, 200, "$port: 200 is shown");
	like(ref $got->{body} ? $Guerdon::Stack::json->encode($got->{body}) :
	    $got->{body} // '', $path =~ /events/ ? qr/Shown in the page/ :
	    qr/\Q$g->{demo}{ADMIN_EMAIL}\E/, '... with what was asked for');
}
is(page('http', GET => '/v1/users/me', EXPECT => 401)->{code}, 401,
    'without a token 401 is shown');

done_testing;
