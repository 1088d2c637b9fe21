// The fuzzing of every reader of files: tests/BlasNet.Fuzz under AFL, which keeps what reaches new branches.

string Fuzzing => $"{artifacts}/fuzz";

async Task FuzzReaders()
{
    if (!OnPath("afl-fuzz"))
        Require(await Install(["afl++"]) && OnPath("afl-fuzz"), "No afl-fuzz on the PATH (Debian, Ubuntu: sudo apt-get install afl++).");

    string plain = $"{Fuzzing}/plain", counting = $"{Fuzzing}/counting";
    CleanDirectory(Fuzzing);
    await Run("dotnet", ["build", "tests/BlasNet.Fuzz", "-c", configuration, "-o", plain]);

    // A program cannot rewrite the assemblies that it runs.
    CopyDirectory(plain, counting);
    await Run("dotnet", [$"{plain}/BlasNet.Fuzz.dll", "instrument", .. new[] { "BlasNet", "BlasNet.Datasets", "BlasNet.Cli" }.Select(name => $"{counting}/{name}.dll")]);

    string[] readers = [.. GetSubDirectories("tests/BlasNet.Fuzz/Corpus").Select(folder => folder.GetDirectoryName()).Where(name => name.Contains(filter)).Order()];
    Require(readers.Length > 0, $"--filter={filter}: no reader of that name.");
    List<string> results = [];
    foreach (string reader in readers)
        results.Add(await FuzzReader(reader, $"{counting}/BlasNet.Fuzz.dll"));

    Console.WriteLine(string.Join(System.Environment.NewLine, results));
    string[] faults = [.. readers.SelectMany(reader => GetFiles($"{Fuzzing}/{reader}/default/{{crashes,hangs}}/id*").Select(file => file.FullPath))];
    Require(faults.Length == 0, $"Readers failed on {string.Join(", ", faults)}: mend them, and keep the files in tests/BlasNet.Fuzz/Corpus.");
}

/// <returns>A line for the user: how many tries there were, and what came of them.</returns>
async Task<string> FuzzReader(string reader, string program)
{
    (string, string)[] quiet =
    [
        ("AFL_SKIP_BIN_CHECK", "1"), ("AFL_NO_UI", "1"), ("AFL_NO_AFFINITY", "1"), ("AFL_SKIP_CPUFREQ", "1"), ("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1"),
    ];
    Require(
        await Succeeds("afl-fuzz", ["-i", $"tests/BlasNet.Fuzz/Corpus/{reader}", "-o", $"{Fuzzing}/{reader}", "-V", fuzzSeconds, "-t", "20000", "-m", "none",
            "--", "dotnet", program, "run", reader], null, quiet),
        $"afl-fuzz failed for {reader}, see above.");

    var numbers = System.IO.File.ReadLines($"{Fuzzing}/{reader}/default/fuzzer_stats").Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
        .ToDictionary(pair => pair[0], pair => pair[1]);
    return $"{reader,-12} {numbers["execs_done"],9} executions, {numbers["edges_found"],5} branches, {numbers["corpus_count"],5} inputs kept, "
        + $"{numbers["saved_crashes"]} faults, {numbers["saved_hangs"]} hangs";
}
