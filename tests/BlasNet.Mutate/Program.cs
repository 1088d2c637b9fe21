using System.CommandLine;
using BlasNet.Mutate;

var files = new Option<string>("--filter")
{
    Description = "Files to mutate, relative to src/BlasNet, or by name; * and commas",
    DefaultValueFactory = _ => Session.Everything,
};
var tests = new Option<string>("--tests") { Description = "Only test classes whose name contains one of these; commas between" };
var count = new Option<int>("--mutants") { Description = "How many mutants, drawn at random from all of these files; all without it", DefaultValueFactory = _ => int.MaxValue };
var seed = new Option<int>("--seed") { Description = "Of the draw" };
var since = new Option<string?>("--since") { Description = "A commit: only mutants in lines that have changed since then" };
var jobs = new Option<int>("--jobs") { Description = "Test processes at once", DefaultValueFactory = _ => Environment.ProcessorCount };
var root = new Argument<DirectoryInfo>("root") { Description = "The repository, its tests built for Release" };

var command = new RootCommand("Changes the library in small ways, and shows the changes that no test notices.")
{
    root, files, tests, count, seed, since, jobs,
};
command.SetAction(async (result, _) =>
{
    try
    {
        return await new Session(result.GetRequiredValue(root).FullName, result.GetRequiredValue(files), result.GetValue(tests) ?? "",
            result.GetValue(count), result.GetValue(seed), result.GetValue(since), result.GetValue(jobs)).Run();
    }
    catch (MutateException e)
    {
        Console.Error.WriteLine(e.Message);
        return 2;
    }
});

// An interrupted run ends by its own report, not by a time limit.
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
