using System.CommandLine;
using System.Globalization;
using BlasNet.Serving;
using BlasNet.Serving.Benchmarks;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int Sentences = 2000;
int[][] sentences = SentenceModel.Sentences(Sentences, seed: 3);

var seconds = new Option<double>("--seconds") { Description = "Of a measurement.", DefaultValueFactory = _ => 0.5 };
var rounds = new Option<int>("--rounds")
{
    Description = "Measurements of each mode, one mode after another; medians are given.",
    DefaultValueFactory = _ => 9,
};
var clients = new Option<string>("--clients") { Description = "How many at a time, N,N,….", DefaultValueFactory = _ => "8" };
var rate = new Option<double?>("--rate") { Description = "Requests a second; without it half, and all, of what the pool answers in a closed loop." };
var json = new Option<bool>("--json") { Description = "A JSON object for each measurement." };
var requests = new Option<long>("--requests") { Description = "How many.", DefaultValueFactory = _ => 1_000_000 };

var limit = new Option<double>("--limit") { Description = "Seconds after which it ends anyway, and fails.", DefaultValueFactory = _ => 3600 };

var closed = new Command("closed", "Clients that ask again when they have been answered: a lock, a pool, batching.") { seconds, rounds, clients, json };
closed.SetAction(async (options, _) =>
{
    foreach (string count in options.GetRequiredValue(clients).Split(','))
    {
        int number = int.Parse(count);
        await InTurns(options.GetValue(rounds), options.GetValue(json), (load, mode, service) =>
            load.Closed(mode, service, number, TimeSpan.FromSeconds(options.GetValue(seconds))));
    }
});

var open = new Command("open", "Requests at random times, whether or not those before were answered: a lock, a pool, batching.")
{
    seconds, rounds, rate, json,
};
open.SetAction(async (options, _) =>
{
    double[] rates = options.GetValue(rate) is { } given ? [given] : [.. new[] { 0.5, 1 }.Select(share => share * Capacity("pool").Result)];
    foreach (double each in rates)
    {
        await InTurns(options.GetValue(rounds), options.GetValue(json), (load, mode, service) =>
            load.Open(mode, service, each, TimeSpan.FromSeconds(options.GetValue(seconds))));
    }
});

var overload = new Command("overload", "Ten times the requests that batching can answer; memory after each measurement.") { seconds, rounds, json };
overload.SetAction(async (options, _) =>
{
    double capacity = await Capacity("batching");
    var defaults = new BatchingOptions<int[]>();
    Console.WriteLine($"capacity {capacity:F0}/s; {defaults.QueueLimit} may wait, {defaults.Workers * defaults.MaxBatchSize} are computed");
    Load load = NewLoad();
    await using IService service = New("batching");
    for (int round = 0; round < options.GetValue(rounds); round++)
    {
        Measurement measured = await load.Open("batching", service, 10 * capacity, TimeSpan.FromSeconds(options.GetValue(seconds)), countsLag: false);
        string order = $", {measured.MostBefore} answers before one's own at most: {measured.MostBefore / measured.Answered * 1000:F0} ms";
        long objects = GC.GetTotalMemory(forceFullCollection: true) >> 10;
        measured.Print(options.GetValue(json), $"{order}; {objects} KB of objects, {Environment.WorkingSet >> 20} MB");
    }
});

var chaos = new Command("chaos", "Models are exchanged every 100 ms and clients cancel at random.") { requests, limit };
chaos.SetAction(async (options, _) => await Chaos.Run(sentences, options.GetValue(requests), TimeSpan.FromSeconds(options.GetValue(limit))) ? 0 : 1);

return await new RootCommand("Load tests of BatchingEvaluator with a GRU 128→256 over sentences of 5 to 40 words.") { closed, open, overload, chaos }
    .Parse(args).InvokeAsync();

Load NewLoad()
{
    using var model = new SentenceModel(1);
    return new Load(sentences, model.OneByOne(sentences));
}

static IService New(string mode) => mode switch
{
    "lock" => new Pool(new SentenceModel(1), 1),
    "pool" => new Pool(new SentenceModel(1), Environment.ProcessorCount),
    _ => new Batching(new SentenceModel(1), new BatchingOptions<int[]>()),
};

async Task<double> Capacity(string mode)
{
    await using IService service = New(mode);
    Load load = NewLoad();
    await load.Closed(mode, service, 64, TimeSpan.FromSeconds(1));
    return (await load.Closed(mode, service, 64, TimeSpan.FromSeconds(1))).Answered;
}

// One after another, again and again, so that what else the machine does falls on all.
async Task InTurns(int rounds, bool json, Func<Load, string, IService, Task<Measurement>> measure)
{
    (string Mode, IService Service, List<Measurement> Measured)[] modes = [Begin("lock"), Begin("pool"), Begin("batching")];
    Load load = NewLoad();
    for (int round = -2; round < rounds; round++)
    {
        foreach ((string mode, IService service, List<Measurement> measured) in modes)
        {
            Measurement one = await measure(load, mode, service);
            if (round >= 0)
                measured.Add(one);   // the first ones warm up
        }
    }

    List<Measurement> pool = modes[1].Measured;
    foreach ((_, IService service, List<Measurement> measured) in modes)
    {
        double ratio = Measurement.Median(pair => pair.First.Answered / pair.Second.Answered, measured.Zip(pool));
        Measurement.MedianOf(measured).Print(json, $", {ratio:F2} × the pool");
        await service.DisposeAsync();
    }

    static (string, IService, List<Measurement>) Begin(string mode) => (mode, New(mode), []);
}
