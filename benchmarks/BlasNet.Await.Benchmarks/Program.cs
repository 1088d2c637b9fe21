using System.CommandLine;
using System.Globalization;
using BlasNet.Await.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var games = new Option<int>("--games") { Description = "How many at once.", DefaultValueFactory = _ => 256 };
var rounds = new Option<int>("--rounds") { Description = "Measurements of each way, one way after another; medians are given.", DefaultValueFactory = _ => 9 };

var network = new Command("network", "A network awaited by all games, and evaluated for positions gathered by hand.") { games, rounds };
network.SetAction(options => InTurns(options.GetValue(rounds), policy =>
    [new Networks.Gathering(policy, options.GetValue(games)), new Networks.Awaiting(policy, options.GetValue(games))]));

var search = new Command("search", "Tree searches of all games: hand-gathered batches, await, one by one.") { games, rounds };
search.SetAction(options => InTurns(options.GetValue(rounds), policy =>
[
    new Searches.Gathering(policy, options.GetValue(games)),
    new Searches.Awaiting(policy, options.GetValue(games), options.GetValue(games)),
    new Searches.Awaiting(policy, Math.Min(8, options.GetValue(games)), 1),
]));

return new RootCommand("What it costs to await values, against batches gathered by hand.") { network, search }.Parse(args).Invoke();

// One way after another, again and again, so that what else the machine does falls on all.
static void InTurns(int rounds, Func<PolicyNetwork, IWay[]> create)
{
    using var policy = new PolicyNetwork();
    (IWay Way, List<Measurement> Measured)[] ways = [.. create(policy).Select(way => (way, new List<Measurement>()))];
    for (int round = -2; round < rounds; round++)
    {
        foreach ((IWay way, List<Measurement> measured) in ways)
        {
            Measurement one = Measurement.Of(way);
            if (round == -2)
                Console.WriteLine($"{way.Name}: {one.Looks} looks, sum {one.Sum:F3}");
            else if (round >= 0)
                measured.Add(one);   // the first ones warm up
        }
    }

    foreach ((IWay way, List<Measurement> measured) in ways)
        Measurement.Print(way.Name, measured, ways[0].Way.Name, ways[0].Measured);
}
