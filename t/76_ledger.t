#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A stock of 500 and 2,000 users at 32 connections, while a worker is killed
# every 100 ms and the database 5 times: all books agree afterwards.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Ledger;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4, devdb => 1);
my $event = $g->new_event(rewards => [{type => 'COUPON', name => 'C',
    quantity => 1, stock => 500}]);
my $ledger = Guerdon::Ledger->new($g, $event, users => 2000);

$g->token('AUDITOR');
$ledger->run(at => 32, databases => 5);
cmp_ok(scalar @{$ledger->{claims}}, '<=', 500, 'at most 500 are granted');
cmp_ok(scalar @{$ledger->{claims}}, '>=', 400, '... and not many fewer');
$ledger->settle;
$ledger->check;

done_testing;
