#include "application.hpp"

int main(int count, char** words) {
    return rbees::bdd::run_application(count, words);
}
