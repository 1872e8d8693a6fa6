#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A stock with plenty left, of which each of 600 users claims three times at
# once while a worker is killed every 100 ms and the database twice: who has
# claimed is not looked for first, and yet all books agree.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Ledger;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4, devdb => 1);
my $event = $g->new_event(rewards => [{type => 'COUPON', name => 'C',
    quantity => 1, stock => 5000}]);
my $ledger = Guerdon::Ledger->new($g, $event, users => 600, again => 3);
my %granted;

$g->token('AUDITOR');
$ledger->run(at => 32, databases => 2);
$granted{$_}++ for @{$ledger->{claims}};
is(scalar keys %granted, 600, 'each user has one claim');
$ledger->settle;
$ledger->check;

done_testing;
