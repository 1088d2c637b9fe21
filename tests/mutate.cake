// Mutations: tests/BlasNet.Mutate changes the library in small ways and shows the changes that no test notices.

async Task MutateLibrary()
{
    string[] given = [.. new[] { ("filter", filter), ("tests", mutantTests), ("mutants", mutants), ("seed", seed), ("since", since), ("jobs", jobs) }
        .Where(option => option.Item2 != "").SelectMany(option => new[] { $"--{option.Item1}", option.Item2 })];

    foreach (string project in new[] { "BlasNet.Tests", "BlasNet.Mutate" })
        await Run("dotnet", ["build", $"tests/{project}", "-c", "Release", NativeProperty()]);

    Require(await Succeeds("dotnet", ["run", "-c", "Release", "--no-build", "--project", "tests/BlasNet.Mutate", "--", root, .. given]),
        "Mutants survived or could not be tried, see above.");
}
